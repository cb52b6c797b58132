"""What sessions took and cost: told once or often, by whose session it is, charged by the price of its time."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from audit import tasks
from audit.agents import client, installing
from audit.cost import Tokens
from audit.models import AgentSession, Event, ModelPrice, SessionUsage
from audit.permissions import decisions
from audit.prices.keeping import remove_price, set_price
from audit.sessions.gathering import gather_sessions, prune_sessions
from audit.sessions.usage import NotYourSession, Response, tell_usage
from config.context import acting_as
from config.keys import create_key
from tests.audit.test_transcripts import claude, put

pytestmark = pytest.mark.django_db
SESSIONS = "/api/v1/audit/sessions"
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def response(id_: str = "r1", *, output: int = 10, at: datetime | None = DAY, **more: Any) -> Response:
    return Response(id=id_, model=more.pop("model", "m"), at=at, tokens=Tokens(input=100, output=output, **more))


def session(name: str = "s1") -> AgentSession:
    return AgentSession.objects.get(session_id=name)


def price(dollars: float = 1, since: datetime = datetime(2026, 1, 1, tzinfo=UTC), model: str = "m") -> ModelPrice:
    return set_price(model=model, input_price=dollars, output_price=dollars, valid_from=since)


def test_a_session_has_the_sum_of_its_responses_whether_or_not_it_called_a_tool() -> None:
    price()
    with acting_as(actor="laptop"):
        decisions.answer_hook(
            agent="claude",
            payload={
                "hook_event_name": "PreToolUse",
                "session_id": "s1",
                "cwd": "/srv/shop",
                "tool_name": "Bash",
                "tool_input": {"command": "ls"},
            },
        )
        for name in ("s1", "s2"):
            tell_usage(session_id=name, agent="claude", responses=[response(), response("r2", model="m-20260101")])
    gather_sessions()
    for name, calls in (("s1", 1), ("s2", 0)):
        told = session(name)
        assert (told.agent, told.person, told.calls) == ("claude", "laptop", calls)
        assert (told.model, told.responses, told.tokens, told.cost_micros) == ("m", 2, 220, 220)
    [event] = Event.objects.filter(event_type="session.usage_told", entity_id="s1")
    assert (event.new_value["tokens"], event.session_id) == (220, "s1")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), min_size=1, max_size=12), st.data())
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_and_in_whatever_parts_it_is_told_each_response_counts_once(told: Any, data: Any) -> None:
    SessionUsage.objects.all().delete()
    rest = [response(name, output=output) for name, output in told]
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        taken = tell_usage(session_id="s1", responses=rest[:size])
        assert tell_usage(session_id="s1", responses=rest[:size]).added == 0
        rest = rest[size:]
    largest = {name: max(output for other, output in told if other == name) for name, _ in told}
    assert taken.total == len(largest)
    assert session().tokens == sum(largest.values()) + 100 * len(largest)


def test_a_price_that_changes_holds_for_what_comes_after_it() -> None:
    price(1)
    price(2, DAY + timedelta(hours=1))
    tell_usage(session_id="s1", responses=[response(), response("r2", at=DAY + timedelta(hours=2))])
    assert session().cost_micros == 110 + 220


def test_without_a_price_a_cost_is_unknown_and_what_is_known_of_it_is_told() -> None:
    price()
    tell_usage(session_id="s1", responses=[response(), response("r2", model="other"), response("r3", cache_read=5)])
    told = session()
    assert (told.cost_micros, told.known_cost_micros, told.unpriced, told.responses) == (None, 110, 2, 3)
    assert told.tokens == 335


def test_a_price_that_is_set_or_removed_later_charges_anew() -> None:
    tell_usage(session_id="s1", responses=[response()])
    row = price()
    assert tasks.charge_anew(row.valid_from.isoformat()) == 1
    assert session().cost_micros == 110
    later = price(9, DAY + timedelta(days=1))
    assert tasks.charge_anew(later.valid_from.isoformat()) == 0
    remove_price(uid=str(row.uid))
    assert tasks.charge_anew(row.valid_from.isoformat()) == 1
    assert session().cost_micros is None


def test_a_clock_that_is_ahead_says_now_and_one_without_a_time_too() -> None:
    before = timezone.now()
    ahead = before + timedelta(days=400)
    tell_usage(session_id="s1", responses=[response(at=ahead), response("r2", at=None)])
    assert all(before <= row.at <= timezone.now() for row in SessionUsage.objects.all())


def test_nobody_charges_the_session_of_somebody_else() -> None:
    with acting_as(actor="dana", scope="write"):
        tell_usage(session_id="s1", responses=[response()])
    with acting_as(actor="eve", scope="write"), pytest.raises(NotYourSession):
        tell_usage(session_id="s1", responses=[response("r2", output=10**8)])
    with acting_as(actor="admin", scope="admin"):
        assert tell_usage(session_id="s1", responses=[response("r2")]).total == 2
    assert session().person == "dana"


def test_usage_by_rest(api: Any, reader: Any) -> None:
    price()
    used = {"id": "r1", "model": "m", "at": "2026-03-02T09:30:00Z", "input_tokens": 100, "output_tokens": 10}
    address = f"{SESSIONS}/s1/usage"
    told = api.post(address, {"agent": "claude", "responses": [used]}, format="json")
    assert (told.status_code, told.json()) == (200, {"added": 1, "changed": 0, "known": 0, "total": 1})
    assert api.post(address, {"responses": [used]}, format="json").json()["known"] == 1
    more = api.post(address, {"responses": [{**used, "output_tokens": 11}]}, format="json")
    assert more.json() == {"added": 0, "changed": 1, "known": 0, "total": 1}
    [row] = reader.get(SESSIONS, {"model": "m", "agent": "claude"}).json()["results"]
    assert (row["session_id"], row["tokens"], row["cost_micros"], row["person"]) == ("s1", 111, 111, "write-key")
    assert reader.post(address, {"responses": [used]}, format="json").status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"output_tokens": -1},
        {"output_tokens": 10**9},
        {"output_tokens": 1.5},
        {"output_tokens": "7"},
        {"id": ""},
        {"id": "x" * 201},
        {"at": "yesterday"},
        {"text": "what it said"},
    ],
)
def test_what_is_no_usage_is_refused_whole(api: Any, wrong: dict[str, Any]) -> None:
    responses = [{"id": "r1", "output_tokens": 1}, {"id": "r2", **wrong}]
    told = api.post(f"{SESSIONS}/s1/usage", {"responses": responses}, format="json")
    assert told.status_code == 400
    assert told.json()["errors"][0]["field"].startswith("responses[1]")
    assert not SessionUsage.objects.exists()


def test_an_agent_that_stops_tells_on_the_services_own_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_command: Any
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    path = put(tmp_path / ".claude" / "projects" / "p" / "s1.jsonl", claude("msg_1"), claude("msg_2"))
    stop = {"hook_event_name": "Stop", "session_id": "s1", "transcript_path": path}
    for _ in range(2):
        assert run_command("tell", "claude", stdin=json.dumps(stop))[::2] == (0, "")
    assert (session().responses, session().tokens, session().agent) == (2, 314, "claude")
    prompt = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": "Fix it"}
    assert run_command("tell", "claude", stdin=json.dumps(prompt)) == (0, "", "")
    assert Event.objects.get(event_type="session.prompted").new_value == {"text": "Fix it"}
    for payload in ("", "[]", json.dumps({**stop, "transcript_path": "/etc/passwd"}), "[" * 100_000):
        code, out, err = run_command("tell", "claude", stdin=payload)
        assert (code, out, "Nothing was told" in err) == (0, "", True)


@pytest.mark.django_db(transaction=True)
def test_an_agent_that_stops_elsewhere_tells_its_server_and_is_never_kept(
    tmp_path: Path, live_server: Any, django_user_model: Any
) -> None:
    key = create_key(name="laptop", user=django_user_model.objects.create_user("dana"), scope="write")[1]
    own = tmp_path / ".config" / "handrail"
    own.mkdir(parents=True)
    for name, source in client.FILES.items():
        (own / name).write_bytes(source.read_bytes())
    path = put(tmp_path / ".claude" / "projects" / "p" / "s1.jsonl", *(claude(f"msg_{n}") for n in range(700)))
    stop = {"hook_event_name": "Stop", "session_id": "s1", "transcript_path": path}
    base = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(payload: Any, **place: str) -> Any:
        command = ["/bin/sh", "-c", installing.tell_of("claude", remote=True)]
        told = json.dumps(payload).encode()
        return subprocess.run(command, input=told, capture_output=True, env={**base, **place}, timeout=60, check=False)

    place = {"HANDRAIL_URL": live_server.url, "HANDRAIL_API_KEY": key}
    done = run(stop, **place)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (session().responses, session().person) == (700, "laptop")
    prompt = {"hook_event_name": "UserPromptSubmit", "session_id": "s1", "prompt": "Fix it"}
    assert run(prompt, **place).stderr == b""
    assert Event.objects.get(event_type="session.prompted").actor == "laptop"
    revoked, gone = {**place, "HANDRAIL_API_KEY": "hr_unknown"}, {**place, "HANDRAIL_URL": "http://127.0.0.1:1"}
    for payload, where, why in (
        (stop, revoked, b"answered 401"),
        (stop, gone, b"Handrail was not told"),
        (stop, {}, b"run agent_install"),
        ([], place, b"did not say which session"),
    ):
        done = run(payload, **where)
        assert (done.returncode, done.stdout, why in done.stderr) == (0, b"", True), done.stderr
        assert b"hr_" not in done.stderr
    (own / "tell.py").unlink()
    assert run(stop, **place).returncode == 0


def test_what_a_session_took_goes_with_it() -> None:
    tell_usage(session_id="s1", responses=[response(at=timezone.now() - timedelta(days=40))])
    tell_usage(session_id="s2", responses=[response(at=None)])
    assert prune_sessions({"*": 30}) == 1
    assert list(SessionUsage.objects.values_list("session_id", flat=True)) == ["s2"]


def test_sessions_may_be_forgotten_sooner_than_their_decisions(settings: Any) -> None:
    tell_usage(session_id="s1", responses=[response(at=timezone.now() - timedelta(days=8))])
    for kept, gone in ((0, 0), (9, 0), (7, 1)):
        settings.SESSION_DAYS = kept
        assert prune_sessions({"*": 30}) == gone
    assert not SessionUsage.objects.exists()
