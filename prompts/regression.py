"""How the versions of a prompt did, one after the other, and whether the newest is worse."""

from dataclasses import dataclass

from prompts.models import Run, Version
from prompts.statistics import Verdict, wilson
from prompts.versions import compare_runs, get_prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version's last finished run, beside the last tested version before it."""

    version: Version
    run: Run | None
    interval: tuple[float, float] | None
    """95 % interval of the success rate (Wilson)."""
    against: int | None
    """The version the verdict compares with."""
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    prompt_id: str
    rows: list[VersionRow]
    """Every version, oldest first."""
    verdict: Verdict
    """The newest tested version against the active one, or against the one before when it is active itself."""
    newest: int | None
    against: int | None


def regression_report(*, prompt_id: str) -> Report:
    """Raises PromptNotFound."""
    prompt = get_prompt(prompt_id=prompt_id)
    rows: list[VersionRow] = []
    tested: list[Run] = []
    for version in prompt.versions.select_related("prompt").order_by("number"):
        run = version.latest_run()
        before = tested[-1] if tested else None
        rows.append(
            VersionRow(
                version=version,
                run=run,
                interval=wilson(run.passed, run.total) if run else None,
                against=before.version.number if before and run else None,
                verdict=compare_runs(before, run),
            )
        )
        if run:
            tested.append(run)
    newest = tested[-1] if tested else None
    against = _reference(tested)
    return Report(
        prompt_id=prompt_id,
        rows=rows,
        verdict=compare_runs(against, newest),
        newest=newest.version.number if newest else None,
        against=against.version.number if against else None,
    )


def _reference(tested: list[Run]) -> Run | None:
    active = next((run for run in tested[:-1] if run.version.is_active), None)
    return active or (tested[-2] if len(tested) > 1 else None)
