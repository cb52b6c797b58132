"""A secret is taken out of what is told of a text, too, and of every name and remark beside it."""

import json
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from audit.models import Event
from audit.permissions import decisions
from config.models import IdempotentAnswer
from config.secrets import MARK, blank, retold
from config.watching.logs import JSONFormatter, LineFormatter
from prompts import prompts, versions
from schemacheck import checks
from visioncache import entries
from visioncache.models import Entry

COMMANDS = [
    "echo SEKRET1 | sudo -S ls",
    "echo root:SEKRET1 | chpasswd",
    "zip -P SEKRET1 a.zip a && ls",
    "chpasswd <<< 'root:SEKRET1'",
    "psql -c \"ALTER ROLE a PASSWORD 'SEKRET1'\"",
    "<password><![CDATA[SEKRET1]]></password>",
    "echo '-----BEGIN PRIVATE KEY-----'\nSEKRET1\n-----END PRIVATE KEY-----",
    "mysql -pSEKRET1 x; password='it''s SEKRET1' run",
]


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
def test_a_decision_tells_no_secret_of_the_command(command: str) -> None:
    decided = decisions.decide(tool_name="Bash", tool_input={"command": command})
    event = Event.objects.get(pk=decided.event.pk)
    assert "SEKRET1" not in json.dumps([event.new_value, event.context, event.changes])
    answer = decisions.present(decided)
    assert "SEKRET1" not in json.dumps(answer)
    assert answer["decision"] == decided.decision.decision
    assert set(answer) == {
        "decision",
        "open",
        "rule",
        "rule_id",
        "reason",
        "safer",
        "part",
        "commands",
        "event",
        "approval",
    }


@pytest.mark.django_db
def test_a_finding_tells_no_secret_of_the_sql() -> None:
    check = checks.check_schema(sql='"password": "SEKRET1"', dialect="sqlite")
    assert "SEKRET1" not in json.dumps([check.sql, check.report])


@pytest.mark.django_db
def test_an_idempotency_key_with_a_secret_is_kept_as_its_hash(api: APIClient) -> None:
    body = {"event_type": "a.b", "entity_type": "t", "entity_id": "1"}
    headers = {"Idempotency-Key": "password=SEKRET1"}
    answers = [api.post("/api/v1/audit/events", body, format="json", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Event.objects.filter(event_type="a.b").count() == 1
    assert IdempotentAnswer.objects.get().key.startswith("secret-")


@pytest.mark.django_db
def test_tags_of_answers_hold_no_secret_and_are_found_as_they_were_given() -> None:
    tag = "password=SEKRET1"
    entries.store_entry(
        image_hash="a" * 64, model_version="m", extracted_data={"v": 1}, confidence_score=1, tags=[tag, "ci"]
    )
    entry = Entry.objects.tagged(tag).get()
    assert "SEKRET1" not in json.dumps(entry.tags)
    assert Entry.objects.tagged(entry.tags[0]).get() == entry
    assert Entry.objects.tagged("ci").exists()


@pytest.mark.django_db
def test_remarks_on_a_prompt_hold_no_secret_and_its_text_stays() -> None:
    said = "password=SEKRET1"
    prompt = prompts.create_prompt(prompt_id="p", description=said)
    version = versions.save_version(prompt_id="p", prompt_text=said, purpose=said, notes=said).version
    assert [prompt.description, version.purpose, version.notes] == [f"password={MARK}"] * 3
    assert version.prompt_text == said
    assert versions.save_version(prompt_id="p", prompt_text=said, purpose=said, notes=said).version == version


def test_a_log_line_has_no_secret_whose_name_is_written_as_escapes() -> None:
    path = "/x/contrase\u00f1a: SEKRET1".encode("unicode_escape").decode()
    for formatter in (LineFormatter(), JSONFormatter()):
        line = formatter.format(logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", (path,), None))
        assert "SEKRET1" not in line
        assert "Not Found: /x/" in line


def test_a_request_id_with_a_secret_is_given_back_as_its_hash(db: None) -> None:
    answer = APIClient().get("/api/v1/audit/events", headers={"X-Request-ID": "password=SEKRET1"})
    assert answer.headers["X-Request-ID"].startswith("secret-")
    assert b"SEKRET1" not in answer.content


def test_very_many_secrets_cost_the_text_and_little_time() -> None:
    given = " ".join(f"password=hunter{number}" for number in range(20_000))
    started = time.process_time()
    told = retold({"decision": "deny", "commands": [{"text": "echo hunter19999"}] * 50}, given)
    assert time.process_time() - started < 20
    assert told["decision"] == "deny"
    assert {item["text"] for item in told["commands"]} == {MARK}


def test_short_secrets_do_not_blank_everything() -> None:
    assert retold({"reason": "no rule matches echo a"}, "echo a | sudo -S ls") == {"reason": "no rule matches echo a"}


@given(st.text(min_size=4, max_size=20, alphabet="abcXYZ0189"), st.sampled_from(["-pS x", "password=S", "S"]))
def test_what_is_told_of_a_harmless_text_stays_whole(secret: str, form: str) -> None:
    text = f"mysql {form.replace('S', secret)}"
    told = retold(["it ran", secret, {"part": text}], text)
    hidden = blank(text) != text
    assert told[0] == "it ran"
    assert (secret in told[2]["part"]) is not hidden
