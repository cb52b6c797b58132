"""The gate: a protected label moves on evidence, or by two people."""

from collections.abc import Iterator
from math import ceil, floor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from audit import rollback
from audit.models import Event
from config.context import acting_as
from config.keys import create_key
from prompts.cases import keep_test_case
from prompts.comparison import compare_versions
from prompts.execution import execute_run
from prompts.gate import LabelHeld, NothingToApprove, PersonUnknown, approve_move, ruling_of
from prompts.labels import move_label
from prompts.models import Label, LabelApproval, Run, Version
from prompts.provider import Answer, ModelUnavailable
from prompts.statistics import FEWEST_CASES, SIGNIFICANT, cases_needed, judge, mcnemar
from prompts.testing import test_prompt_version
from prompts.versions import activate_version, save_version

pytestmark = pytest.mark.django_db
SUITE = 12
P = "/api/v1/prompts/prompts/p"
PRODUCTION = f"{P}/labels/production"


class Scripted:
    """Right on some cases, wrong on the others, silent on a few."""

    def __init__(self, wrong: set[int], silent: set[int]) -> None:
        self.wrong, self.silent = wrong, silent

    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        number = int(messages[-1].content.split()[-1])
        if number in self.silent:
            raise ModelUnavailable("The model is overloaded.")
        text = "no" if number in self.wrong else "ok"
        return Answer(text=text, model=model, finish_reason="stop", input_tokens=1, output_tokens=1, latency_ms=1)

    def close(self) -> None: ...


def run(number: int, wrong: Any = (), silent: Any = (), **how: Any) -> Run:
    made = test_prompt_version(prompt_id="p", number=number, queued=False, **how)
    return execute_run(run_id=made.pk, provider=Scripted(set(wrong), set(silent)))


def keep(number: int, **more: Any) -> None:
    keep_test_case(prompt_id="p", name=f"c{number}", input=str(number), expected_output="ok", **more)


def move(version: int = 2) -> Label:
    return move_label(prompt_id="p", label="production", version=version)


def holder() -> int:
    return Label.objects.get(name="production").version.number


def approve(person: str = "grace", version: int = 2) -> LabelApproval:
    with acting_as(actor=f"{person}-key", person=person, scope="write"):
        return approve_move(prompt_id="p", label="production", version=version, reason="Half the tokens.")


@pytest.fixture(autouse=True)
def protected() -> Iterator[None]:
    save_version(prompt_id="p", prompt_text="Say {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="Tell {{ input }}")
    for number in range(SUITE):
        keep(number)
    move_label(prompt_id="p", label="production", version=1, protected=True)
    with acting_as(actor="ada-key", person="ada", scope="write"):
        yield


def test_a_version_that_does_no_worse_takes_the_label_and_the_trail_keeps_the_verdict() -> None:
    run(1, wrong=[1])
    run(2, wrong=[2])
    assert move().version.number == 2
    event = Event.objects.filter(event_type="prompt.version_activated").latest("id")
    assert event.context["verdict"]["call"] == "no difference"
    assert (event.context["verdict"]["lost"], event.context["verdict"]["won"]) == (1, 1)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param({}, {"wrong": range(6)}, "regression: 6 lost", id="a regression"),
        pytest.param({}, None, "p@2 finished no run of the present test cases", id="not tested"),
        pytest.param(None, {}, "p@1 finished no run of the present test cases", id="nothing to compare with"),
        pytest.param({"silent": [3]}, {}, "1 answers are missing", id="a gap in the run of before"),
        pytest.param({}, {"silent": [3]}, "1 answers are missing", id="a gap in the run of now"),
        pytest.param({"model": "big"}, {"model": "small"}, "asked of different models", id="another model"),
        pytest.param({"cases": [{"input": "1", "expected_output": "ok"}]}, {}, "p@1 finished no run", id="other cases"),
    ],
)
def test_without_evidence_the_label_stays(before: Any, after: Any, said: str) -> None:
    for number, how in ((1, before), (2, after)):
        if how is not None:
            run(number, **how)
    with pytest.raises(LabelHeld, match=said) as held:
        move()
    assert held.value.facts["verdict"]["call"] in {"regression", "not run", "no difference"}
    with pytest.raises(LabelHeld):
        activate_version(prompt_id="p", number=2)
    with pytest.raises(LabelHeld):
        save_version(prompt_id="p", prompt_text="Tell {{ input }}", activate=True)
    assert holder() == 1


def test_a_case_that_must_pass_blocks_whatever_the_statistics_say() -> None:
    keep(5, must_pass=True)
    run(1, wrong=[0])
    worse = run(2, wrong=[5])
    assert (worse.verdict or {})["call"] == "no difference"
    assert (worse.verdict or {})["blocked"] == ["c5"]
    assert list(compare_versions(prompt_id="p", before=1, after=2).verdict.blocked) == ["c5"]
    with pytest.raises(LabelHeld, match="Must pass and does not: c5"):
        move()
    keep(5)  # it is a usual case again, and the same to the runs there are
    assert move().version.number == 2


def test_runs_of_cases_that_were_changed_since_are_no_evidence() -> None:
    run(1)
    run(2)
    keep(SUITE)
    with pytest.raises(LabelHeld, match="p@1 and p@2 finished no run of the present"):
        move()


def test_an_outage_after_a_sound_run_takes_nothing_back() -> None:
    run(1)
    run(2)
    run(2, silent=range(9))
    assert move().version.number == 2


def test_too_few_cases_say_how_many_would_tell() -> None:
    for case in list(Version.objects.all()[0].prompt.test_cases.all()[5:]):
        case.delete()
    run(1)
    run(2)
    ruling = ruling_of(prompt_id="p", label="production", version=2)
    assert (ruling.is_open, ruling.verdict.call, ruling.verdict.needed) == (False, "too few cases", 6)
    assert "add 1 case at least" in ruling.why


def test_versions_may_differ_in_settings_and_in_the_model_they_name() -> None:
    for number, model in ((3, "small"), (4, "large")):
        save_version(
            prompt_id="p", prompt_text="Tell {{ input }}", settings={"model": model, "temperature": number / 4}
        )
        run(number)
    approve(version=3)
    assert move(3).version.number == 3
    assert compare_versions(prompt_id="p", before=3, after=4).verdict.call == "not run"
    assert move(4).version.number == 4


def test_a_rollback_goes_through_the_gate() -> None:
    run(1)
    run(2)
    move()
    run(1, wrong=range(8))
    with pytest.raises(LabelHeld, match="regression"):
        rollback.apply(entity_type="prompt", entity_id="p", reason="back")
    assert holder() == 2
    run(1)
    rollback.apply(entity_type="prompt", entity_id="p", reason="back")
    assert holder() == 1


class TestASecondPerson:
    def test_approves_and_the_first_moves_it_once(self) -> None:
        approve()
        assert move().version.number == 2
        event = Event.objects.filter(event_type="prompt.version_activated").latest("id")
        assert (event.context["approved_by"], event.context["reason"]) == ("grace", "Half the tokens.")
        assert Event.objects.filter(event_type="prompt.label_approved", entity_id="p@2").count() == 1
        with pytest.raises(LabelHeld):
            move(1)
        approve(version=1)
        move(1)
        with pytest.raises(LabelHeld):
            move(2)

    @pytest.mark.parametrize("mover", ["grace", ""])
    def test_is_somebody_else_than_whoever_moves_it(self, mover: str) -> None:
        approve()
        with acting_as(actor="another-key", person=mover), pytest.raises(LabelHeld):
            move()
        assert holder() == 1

    def test_approves_a_move_from_the_version_that_held_it_then(self) -> None:
        save_version(prompt_id="p", prompt_text="Third {{ input }}")
        approve(version=3)
        approve(version=2)
        move(2)
        with pytest.raises(LabelHeld):
            move(3)

    def test_is_known_by_name_and_has_something_to_approve(self) -> None:
        with pytest.raises(PersonUnknown):
            approve(person="")
        with pytest.raises(NothingToApprove, match="Nothing holds production"):
            approve(version=1)
        with acting_as(scope="admin"):
            move_label(prompt_id="p", label="production", version=1, protected=False)
        with pytest.raises(NothingToApprove, match="is not protected"):
            approve()


def test_the_gate_at_the_doors(client_for: Any, owner: User, admin_client: Client, run_command: Any) -> None:
    api, reader = client_for("write"), client_for("read")
    run(1)
    run(2, wrong=range(7))
    held = api.put(PRODUCTION, {"version": 2})
    assert (held.status_code, held.json()["code"]) == (409, "label-held")
    verdict = held.json()["verdict"]
    assert (verdict["call"], verdict["lost"]) == ("regression", 7)
    asked = reader.get(f"{PRODUCTION}/gate?version=2").json()
    assert (asked["is_open"], asked["verdict"]["lost"]) == (False, 7)
    code, out, _ = run_command("prompt_gate", "p", "2")
    assert (code, out.startswith("[FAIL] production stays where it is. regression: 7 lost")) == (1, True)
    assert run_command("prompt_gate", "p", "1")[0] == 0
    assert run_command("prompt", "activate", "p", "2")[0] == 2
    assert reader.post(f"{PRODUCTION}/approve", {"version": 2, "reason": "x"}).status_code == 403
    assert api.post(f"{PRODUCTION}/approve", {"version": 2, "reason": " "}).status_code == 400

    given = api.post(f"{PRODUCTION}/approve", {"version": 2, "reason": "It is cheaper."})
    assert (given.status_code, given.json()["against_version"], given.json()["approved_by"]) == (201, 1, "write-key")
    other_key = create_key(name="second-key", scope="write", user=owner)[1]
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {other_key}")
    assert api.put(PRODUCTION, {"version": 2}).status_code == 409, "two keys of one user are one person"
    someone = User.objects.create_user("someone")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(name='third-key', scope='write', user=someone)[1]}")
    assert api.put(PRODUCTION, {"version": 2}).json()["version"] == 2

    run(2)
    run(1, wrong=range(8))
    page = reverse("admin:prompts_version_move", args=[Version.objects.get(number=1).pk, "approve"])
    answer = admin_client.post(page, {"label": "production", "reason": "It was better."})
    assert answer.status_code == 302
    assert api.put(PRODUCTION, {"version": 1}).json()["version"] == 1
    assert not LabelApproval.objects.exists()


@given(lost=st.integers(6, 30), won=st.integers(0, 2), common=st.integers(40, 300))
def test_as_many_cases_as_are_needed_would_tell_and_half_as_many_would_not(lost: int, won: int, common: int) -> None:
    needed = cases_needed(lost, won, common)
    assert needed == cases_needed(won, lost, common)
    assert needed is not None
    assert needed >= FEWEST_CASES
    assert mcnemar(ceil(lost * needed * 1.3 / common), floor(won * needed * 1.3 / common)) < SIGNIFICANT
    assert mcnemar(floor(lost * needed / 2 / common), ceil(won * needed / 2 / common)) > SIGNIFICANT


def test_a_verdict_of_no_difference_says_how_many_cases_would_tell_at_that_rate() -> None:
    before = {str(number): True for number in range(20)}
    after = {**before, "0": False, "1": False, "2": False}
    verdict = judge(before, after)
    assert (verdict.call, verdict.needed) == ("no difference", cases_needed(3, 0, 20))
    assert f"about {verdict.needed} would tell" in verdict.note
    assert judge(before, before).needed is None
