"""What a protected label asks for before it moves to another version: evidence, or a second person.

Evidence are two runs of the cases the prompt has now, one of the version that holds the label and one of the other,
both complete. A version is its text, settings and model together, so the two may differ in all of these; but where
they name no model of their own, both must have been asked of the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from audit.trail import record
from config.context import caller
from config.errors import Conflict, Forbidden
from prompts.cases import stored_suite_hash
from prompts.comparison import failed_must_pass, must_pass_note, suite_runs
from prompts.content import check_storable, invalid
from prompts.lookup import get_label, get_version
from prompts.models import Label, LabelApproval, Run, Version
from prompts.prompts import get_prompt
from prompts.statistics import Verdict, judge


class LabelHeld(Conflict):
    """The gate of a protected label: `verdict` says what speaks against the move."""

    code = "label-held"
    remedy = "read `verdict`: test both versions, mend what it names, or have a second person approve the move"


class NothingToApprove(Conflict):
    code = "nothing-to-approve"
    remedy = "move the label; nothing holds it"


class PersonUnknown(Forbidden):
    code = "person-unknown"
    remedy = "use a key or the admin's pages: at the console nobody is known by name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    verdict: Verdict
    """Of the candidate against the version that holds the label."""
    why: str
    """What holds the label back; empty where nothing does."""

    @property
    def is_open(self) -> bool:
        return not self.why


def rule(*, holder: Version, candidate: Version) -> Ruling:
    """Whether a protected label may move from its holder to a candidate of the same prompt, by evidence alone."""
    if holder == candidate:
        return Ruling(verdict=Verdict(call="no difference", note=f"{candidate} holds it."), why="")
    suite = stored_suite_hash(holder.prompt)
    before, after = ([run for run in suite_runs(version) if run.suite_hash == suite] for version in (holder, candidate))
    pair = next(_pairs(before, after), None)
    if pair is None:
        verdict = _untested(holder, candidate, before, after)
        return Ruling(verdict=verdict, why=verdict.note)
    old, new = pair
    verdict = judge(old.judged(), new.judged(), total=new.case_count)
    gaps = max(verdict.missing, old.errors, new.errors)
    verdict = replace(verdict, missing=gaps, blocked=failed_must_pass(new))
    return Ruling(verdict=verdict, why=_why(verdict))


def ruling_of(*, prompt_id: str, label: str, version: int) -> Ruling:
    """What the gate of a label says of a version, whether the label is protected or not.

    Raises PromptNotFound, LabelNotFound, VersionNotFound.
    """
    prompt = get_prompt(prompt_id=prompt_id)
    return rule(
        holder=get_label(prompt=prompt, name=label).version, candidate=get_version(prompt=prompt, number=version)
    )


def let_pass(label: Label, candidate: Version) -> dict[str, Any]:
    """What the trail shall know of a move of a protected label: the verdict, and who approved it where it had to be.

    An approval is used up. Raises LabelHeld.
    """
    ruling = rule(holder=label.version, candidate=candidate)
    told: dict[str, Any] = {"verdict": asdict(ruling.verdict)}
    if ruling.is_open:
        return told
    approval = _approval(label, candidate)
    if approval is None:
        raise LabelHeld(
            f"{label.name} stays with {label.version}: {ruling.why} "
            "Mend that, or have another person approve the move to this version.",
            facts=told,
        )
    told |= {"approved_by": approval.person, "reason": approval.reason}
    approval.delete()
    return told


@transaction.atomic
def approve_move(*, prompt_id: str, label: str, version: int, reason: str) -> LabelApproval:
    """Let somebody else move a protected label to a version that the gate holds back; once, from its present holder.

    Raises PromptNotFound, LabelNotFound, VersionNotFound, VersionInvalid, NothingToApprove, PersonUnknown.
    """
    if not reason.strip():
        raise invalid("reason", "Say why: the trail keeps it.")
    check_storable(reason=reason)
    if not caller().person:
        raise PersonUnknown("An approval is a person's: approve with a key, or on the page of the version.")
    prompt = get_prompt(prompt_id=prompt_id, lock=True)
    held, candidate = get_label(prompt=prompt, name=label), get_version(prompt=prompt, number=version)
    if not held.protected:
        raise NothingToApprove(f"{label} of {prompt_id} is not protected.")
    if rule(holder=held.version, candidate=candidate).is_open:
        raise NothingToApprove(f"Nothing holds {label} of {prompt_id} back from version {version}.")
    given = {"reason": reason, "approved_by": caller().actor}
    approval, _ = LabelApproval.objects.update_or_create(
        label=held, version=candidate, against=held.version, person=caller().person, defaults=given
    )
    record(
        event_type="prompt.label_approved",
        entity_type="prompt_version",
        entity_id=candidate.entity_id,
        new_value={"label": label, "against_version": held.version.number, "reason": reason},
        context={"prompt_id": prompt_id, "version": version, "person": caller().person},
    )
    return approval


def _approval(label: Label, candidate: Version) -> LabelApproval | None:
    """One by somebody other than whoever moves it now; whoever is not known by name may be the same."""
    mover = caller().person
    given = LabelApproval.objects.filter(label=label, version=candidate, against=label.version)
    return given.exclude(person=mover).first() if mover else None


def _pairs(before: Sequence[Run], after: Sequence[Run]) -> Iterator[tuple[Run, Run]]:
    """Runs that can be compared, the newest first; those without a gap before the others."""
    for gaps in (False, True):
        for new in after:
            for old in before:
                if bool(old.errors or new.errors) is gaps and _alike(old, new):
                    yield old, new


def _alike(before: Run, after: Run) -> bool:
    if (before.evaluation.repeats, before.evaluation.threshold) != (
        after.evaluation.repeats,
        after.evaluation.threshold,
    ):
        return False
    return before.model == after.model or (_of_its_own(before) and _of_its_own(after))


def _of_its_own(run: Run) -> bool:
    return bool(run.version.settings.get("model") == run.model)


def _untested(holder: Version, candidate: Version, before: Sequence[Run], after: Sequence[Run]) -> Verdict:
    lacking = [str(version) for version, runs in ((holder, before), (candidate, after)) if not runs]
    if not holder.prompt.test_cases.exists():
        note = f"{holder.prompt} has no test cases, so nothing shows how {candidate} does. Add some, then test both."
    elif lacking:
        note = f"{' and '.join(lacking)} finished no run of the present test cases. Test first."
    else:
        note = f"{holder} and {candidate} were asked of different models. Test both with one model."
    reason = "other model" if before and after else "not tested"
    return Verdict(call="not run", comparable=False, reason=reason, note=note)  # type: ignore[arg-type]


def _why(verdict: Verdict) -> str:
    found = []
    if verdict.blocked:
        found.append(must_pass_note(verdict.blocked))
    if verdict.missing:
        found.append(f"{verdict.missing} answers are missing; test again.")
    if verdict.call in {"regression", "too few cases"}:
        found.append(f"{verdict.call}: {verdict.note}")
    return " ".join(found)
