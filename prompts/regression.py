"""How the versions of a prompt did, one after the other, and whether the newest is worse."""

from dataclasses import dataclass

from prompts.comparison import compare
from prompts.models import Run, Version
from prompts.prompts import get_prompt
from prompts.statistics import Verdict, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version's last finished run of the stored cases, beside the last tested version before it."""

    version: Version
    run: Run | None
    """Of cases of its own (`ad_hoc`) only where there is no other; no verdict rests on it."""
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
    """The newest tested version of the line against the active one, or the one before when it is active itself."""
    newest: int | None
    against: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """A version with its finished runs, newest first."""

    version: Version
    runs: list[Run]

    @property
    def suite(self) -> list[Run]:
        return [run for run in self.runs if not run.ad_hoc]


def regression_report(*, prompt_id: str) -> Report:
    """Raises PromptNotFound."""
    rows: list[VersionRow] = []
    tested: list[_Tested] = []
    for one in _versions(prompt_id):
        branch = [other for other in tested if other.version.branch == one.version.branch]
        before = next(reversed(branch or _line(tested)), None)
        rows.append(_row(one, before))
        if one.suite:
            tested.append(one)
    newest = next(reversed(_line(tested)), None)
    against = _reference(tested, newest)
    return Report(
        prompt_id=prompt_id,
        rows=rows,
        verdict=compare(against.suite if against else [], newest.suite if newest else []),
        newest=newest.version.number if newest else None,
        against=against.version.number if against else None,
    )


def _versions(prompt_id: str) -> list[_Tested]:
    """Every version with its runs, oldest version first, in two queries."""
    versions = get_prompt(prompt_id=prompt_id).versions.select_related("prompt").labelled().order_by("number")
    runs: dict[int, list[Run]] = {}
    for run in (
        Run.objects.finished()
        .filter(version__prompt__prompt_id=prompt_id)
        .select_related("version__prompt", "evaluation")
    ):
        runs.setdefault(run.version_id, []).append(run)
    return [_Tested(version=version, runs=runs.get(version.pk, [])) for version in versions]


def _row(one: _Tested, before: _Tested | None) -> VersionRow:
    run = next(iter([*one.suite, *one.runs]), None)
    return VersionRow(
        version=one.version,
        run=run,
        interval=wilson(run.passed, run.answered) if run else None,
        against=before.version.number if before and one.suite else None,
        verdict=compare(before.suite if before else [], one.suite),
    )


def _line(tested: list[_Tested]) -> list[_Tested]:
    """Without the tries beside it."""
    return [one for one in tested if not one.version.branch]


def _reference(tested: list[_Tested], newest: _Tested | None) -> _Tested | None:
    others = [one for one in tested if one is not newest]
    active = next((one for one in others if one.version.is_active), None)
    return active or next(reversed(_line(others)), None)
