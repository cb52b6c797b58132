"""Comparing versions and their runs: like with like.

Two runs say something about two versions when they differ in the prompt alone: the same stored cases, model and
settings, which `Run.conditions_hash` stands for. A later run under other conditions, of cases of its own, or during
an outage takes nothing back from what such a pair has shown.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from audit.changes import Change, deep_compare
from config.canonical import compute_hash
from prompts.lookup import get_version
from prompts.models import Run, Version
from prompts.prompts import get_prompt
from prompts.statistics import Reason, Verdict, judge
from prompts.text_diff import unified_diff

MOST_NAMED = 10
"""Cases a note names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChange:
    """One case both versions were tested with; outcomes are passed or failed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    before: Version
    after: Version
    text_diff: str
    settings_changes: list[Change]
    results_before: dict[str, Any] | None
    results_after: dict[str, Any] | None
    cases: list[CaseChange]
    verdict: Verdict


def compare_versions(*, prompt_id: str, before: int, after: int) -> Comparison:
    """How two versions differ in text, settings and results, and whether that is chance.

    Raises PromptNotFound, VersionNotFound.
    """
    prompt = get_prompt(prompt_id=prompt_id)
    old, new = get_version(prompt=prompt, number=before), get_version(prompt=prompt, number=after)
    old_runs, new_runs = suite_runs(old), suite_runs(new)
    old_run, new_run = pick(old_runs, new_runs)
    return Comparison(
        before=old,
        after=new,
        text_diff=unified_diff(old.whole_text, new.whole_text, f"version {before}", f"version {after}"),
        settings_changes=deep_compare(old.settings, new.settings),
        results_before=old_run.summary() if old_run else None,
        results_after=new_run.summary() if new_run else None,
        cases=_case_changes(old_run, new_run),
        verdict=compare(old_runs, new_runs),
    )


def suite_runs(version: Version, *, before: Run | None = None) -> list[Run]:
    """The finished runs of the stored cases, newest first; those before another run, when one is given."""
    runs = version.runs.finished().of_suite().select_related("version__prompt", "evaluation")
    return list(runs if before is None else runs.filter(pk__lt=before.pk))


def compare(before: Sequence[Run], after: Sequence[Run]) -> Verdict:
    """The verdict of two versions by their runs of the stored cases, newest first."""
    old, new = pick(before, after)
    verdict = compare_runs(old, new)
    newer = [run for run, used in ((before[:1], old), (after[:1], new)) if used and run and run[0].pk != used.pk]
    passed_over = " ".join(_passed_over(run[0]) for run in newer)
    return replace(verdict, note=f"{verdict.note} {passed_over}") if passed_over else verdict


def pick(before: Sequence[Run], after: Sequence[Run]) -> tuple[Run | None, Run | None]:
    """The newest two runs that are alike, without an outage if there are such; else the newest of each."""
    for sound in (True, False):
        alike: dict[str, Run] = {}
        for run in before:
            if run.is_complete or not sound:
                alike.setdefault(run.conditions_hash, run)
        for run in after:
            if (run.is_complete or not sound) and run.conditions_hash in alike:
                return alike[run.conditions_hash], run
    return (before[0] if before else None), (after[0] if after else None)


def compare_runs(before: Run | None, after: Run | None) -> Verdict:
    """The verdict of two runs; one that calls nothing when they differ in more than the prompt."""
    if after is not None and after.ad_hoc:
        return Verdict(call="not run", comparable=False, reason="ad-hoc cases", note=_WHY["ad-hoc cases"])
    if before is None or after is None:
        which = "neither version has" if before is None and after is None else "one of the versions has not"
        note = f"Nothing to compare: {which} finished a run of the stored test cases. Test it first."
        return Verdict(call="not run", comparable=False, reason="not tested", note=note)
    facts = _blocked(judge(before.judged(), after.judged(), total=after.case_count), after)
    if reason := _unlike(before, after):
        note = f"{_WHY[reason].format(before=before, after=after)} {facts.lost} lost and {facts.won} won all the same."
        return replace(facts, call="not run", comparable=False, reason=reason, p_value=None, missing=0, note=note)
    return facts


def verdict_of(run: Run) -> dict[str, Any]:
    """The verdict a finished run keeps: against the active version's last run before it."""
    active = run.version.prompt.versions.active().first()
    earlier = suite_runs(active, before=run) if active else []
    against, _ = pick(earlier, [run])
    if run.ad_hoc:
        against = None
    return {
        **asdict(compare_runs(against, run)),
        "against_version": against and against.version.number,
        "against_run": against and str(against.uid),
    }


def failed_must_pass(run: Run) -> list[str]:
    """The cases that must pass, as the prompt has them now, and that this run has no passing answer to."""
    if not run.failed and run.answered == run.total:
        return []
    cases = run.version.prompt.test_cases.filter(must_pass=True).order_by("pk")
    must = {compute_hash(case.definition()): case.name for case in cases}
    asked, judged = set(run.results.filter(case_hash__in=must).values_list("case_hash", flat=True)), run.judged()
    return [name for case, name in must.items() if case in asked and not judged.get(case)]


def _blocked(verdict: Verdict, run: Run) -> Verdict:
    names = failed_must_pass(run)
    return replace(verdict, blocked=names, note=f"{verdict.note} {must_pass_note(names)}") if names else verdict


def must_pass_note(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Must pass and does not: {', '.join(names[:MOST_NAMED])}{more}."


_WHY: dict[Reason, str] = {
    "ad-hoc cases": "These cases were given for this run alone. Verdicts rest on the stored test cases: keep these "
    "as test cases, then test without naming any.",
    "other cases": "The test cases were changed between the two runs. Test both versions with the present ones.",
    "other model": "One run asked {before.model}, the other {after.model}: whether model or prompt made the "
    "difference cannot be told. Test both versions with one model.",
    "other settings": "The runs asked the model with different settings: whether these or the prompt made the "
    "difference cannot be told. Test both texts with one set of settings.",
}


def _unlike(before: Run, after: Run) -> Reason:
    if before.ad_hoc:
        return "ad-hoc cases"
    if before.suite_hash != after.suite_hash:
        return "other cases"
    if before.model != after.model:
        return "other model"
    return "" if before.conditions_hash == after.conditions_hash else "other settings"


def _passed_over(run: Run) -> str:
    why = (
        f"{run.errors} of {run.total} cases have no answer" if not run.is_complete else "no run of the other is like it"
    )
    return f"A newer run of version {run.version.number} on {run.model} is left out: {why}."


def _case_changes(before: Run | None, after: Run | None) -> list[CaseChange]:
    if before is None or after is None:
        return []
    old, new, words = before.judged(), after.judged(), {True: "passed", False: "failed"}
    names = dict(after.results.values_list("case_hash", "name"))
    return [
        CaseChange(name=name, before=words[old[case]], after=words[new[case]])
        for case, name in names.items()
        if case in old and case in new
    ]
