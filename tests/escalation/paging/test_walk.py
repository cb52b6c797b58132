"""The walk of docs/escalation.md, from a project to an acknowledged call, by its own commands."""

import json
import re
import shlex
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from escalation.ingestion.digestion import digest_submissions
from escalation.models import Bug
from tests.escalation.paging.sinks import MailServer
from tests.escalation.paging.test_calling import link_in
from tests.project.sources import ROOT


def commands() -> Iterator[list[str]]:
    text = (ROOT / "docs" / "escalation.md").read_text(encoding="utf-8")
    walk = text.partition("## Calling people\n")[2].partition("### Policies")[0]
    for line in re.findall(r"^    \.venv/bin/python manage\.py (.+)$", walk, re.MULTILINE):
        yield shlex.split(line)


def envelope(error: dict[str, Any]) -> bytes:
    """As an SDK sends it."""
    event_id = uuid.uuid4().hex
    event = {"event_id": event_id, "level": "fatal", "exception": {"values": [error]}}
    lines = [{"event_id": event_id}, {"type": "event"}, event]
    return b"\n".join(json.dumps(line).encode() for line in lines) + b"\n"


@pytest.mark.django_db
def test_the_documented_walk_ends_with_an_acknowledged_call(
    run_command: Callable[..., tuple[int, str, str]],
    mail: MailServer,
    clock: Any,
    send_all: Callable[[], None],
    client: Client,
) -> None:
    *begin, list_sent, list_acknowledged = list(commands())
    said = ""
    for name, *words in begin:
        status, out, wrong = run_command(name, *words)
        assert status == 0, wrong
        said += out
    [(key, number)] = re.findall(r"http://([0-9a-f]{32})@[^/]+/(\d+)", said)
    answer = client.post(
        f"/api/{number}/envelope/",
        envelope({"type": "DataLoss", "value": "rows are gone", "mechanism": {"handled": False}}),
        content_type="application/x-sentry-envelope",
        headers={"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={key}"},
    )
    assert answer.status_code == 200
    digest_submissions()
    send_all()
    assert [re.findall("Subject: (.*)\r", text) for text in mail.mails] == [
        ["Handrail: a test of ops-mail"],
        ["[high] DataLoss: rows are gone"],
    ]
    client.post(f"/act/{link_in(mail.mails[1])}", {"verb": "acknowledge"})
    clock.pass_by(hours=10)
    send_all()
    assert len(mail.mails) == 2, "Nothing is sent after the acknowledgement."
    assert "delivered" in run_command(*list_sent)[1]
    assert Bug.objects.get().bug_id in run_command(*list_acknowledged)[1]
