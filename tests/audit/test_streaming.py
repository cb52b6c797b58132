"""The stream of events to a SIEM: each of them at least once, in order, whatever the receiver does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from audit import health, streaming, tasks, trail
from audit.ledger import sealing
from audit.models import Event, StreamPosition
from config.environment import Environment
from config.errors import Conflict, Unavailable

# The sealer waits for transactions that still run, the test's own included: these tests commit.
pytestmark = pytest.mark.django_db(transaction=True)
STREAM = "/api/v1/audit/stream"


class Receiver(ThreadingHTTPServer):
    """A collector that keeps what it gets, and answers with the statuses it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: list[dict[str, Any]] = []
        self.requests: list[dict[str, str]] = []
        self.statuses: list[int] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.requests.append(dict(self.headers))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            self.server.events += map(json.loads, body.splitlines())
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(settings: Any, tmp_path: Any) -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        settings.AUDIT_STREAM_URL = f"http://127.0.0.1:{server.server_port}/collect"
        settings.AUDIT_STREAM_AUTHORIZATION = "Splunk secret-token"
        settings.AUDIT_CHECKPOINT_DIR = tmp_path / "checkpoints"
        yield server
        server.shutdown()
        thread.join()


def record(*numbers: int) -> None:
    for number in numbers:
        trail.record(event_type="a.changed", entity_type="a", entity_id=str(number), new_value=number)


def entities(receiver: Receiver) -> list[str]:
    return [event["entity"]["uid"] for event in receiver.events if event["entity"]["type"] == "a"]


def test_sealed_events_are_sent_once_as_ocsf(receiver: Receiver) -> None:
    record(1, 2)
    assert streaming.send() == 0  # not sealed yet
    sealing.seal()
    assert tasks.stream.delay().get() == 2
    record(3)
    sealing.seal()
    assert streaming.send() == 1
    assert streaming.send() == 0
    assert entities(receiver) == ["1", "2", "3"]
    assert receiver.events[0]["class_uid"] == 3004
    assert receiver.requests[0]["Content-Type"] == "application/x-ndjson"
    assert receiver.requests[0]["Authorization"] == "Splunk secret-token"


def test_a_backlog_goes_out_in_batches_and_in_order(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BATCH", 2)
    record(*range(5))
    sealing.seal()
    seen: list[int] = []
    assert streaming.send(progress=seen.append) == 5
    assert seen == [2, 4, 5]
    assert entities(receiver) == ["0", "1", "2", "3", "4"]
    assert len(receiver.requests) == 3


@pytest.mark.parametrize("status", [302, 401, 413, 500])
def test_what_the_receiver_refuses_waits(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(streaming, "BATCH", 1)
    record(1, 2)
    sealing.seal()
    receiver.statuses = [200, status]
    with pytest.raises(Unavailable, match=str(status)) as refused:
        streaming.send()
    assert "secret-token" not in refused.value.detail
    assert streaming.standing().waiting == 1
    assert [check.status for check in health.checks() if check.name == "audit-stream"] == ["warn"]
    assert streaming.send() == 1
    assert entities(receiver) == ["1", "2"]
    assert [check.status for check in health.checks() if check.name == "audit-stream"] == ["ok"]


def test_a_receiver_that_is_away_loses_nothing(receiver: Receiver, settings: Any) -> None:
    record(1)
    sealing.seal()
    address, settings.AUDIT_STREAM_URL = settings.AUDIT_STREAM_URL, "http://127.0.0.1:9/collect"
    with pytest.raises(Unavailable, match="does not answer"):
        streaming.send()
    settings.AUDIT_STREAM_URL = address
    assert streaming.send() == 1


def test_two_senders_do_not_send_the_same(receiver: Receiver) -> None:
    record(1)
    sealing.seal()
    streaming.standing()
    assert not StreamPosition.objects.exists()  # looking writes nothing
    StreamPosition.objects.create(pk=1, leased_until=timezone.now() + streaming.LEASE)
    busy = StreamPosition.objects.filter(pk=1)
    assert streaming.send() == 0
    with pytest.raises(Conflict, match="at this moment"):
        streaming.restart()
    busy.update(leased_until=timezone.now() - streaming.LEASE)  # that sender was killed
    assert streaming.send() == 1


def test_every_door_shows_and_sends(
    receiver: Receiver, api: Any, reader: Any, client_for: Any, run_command: Any, admin_client: Client
) -> None:
    operator = client_for("admin")
    record(1)
    sealing.seal()
    waiting = reader.get(STREAM).json()["waiting"]  # the making of the keys is recorded too
    assert waiting == Event.objects.count()
    assert reader.post(STREAM, {}).status_code == 403
    assert api.post(STREAM, {}).json() == reader.get(STREAM).json()
    assert len(receiver.events) == waiting
    sent = json.loads(run_command("audit_stream", "--restart", "--json")[1])
    assert (sent["sent"], sent["failure"], sent["waiting"]) == (waiting, "", 0)
    assert "0 sealed events wait" in run_command("audit_stream", "--status")[1]
    record(2)
    sealing.seal()
    position = StreamPosition.objects.get().pk
    page = admin_client.post(f"/admin/audit/streamposition/{position}/moves/send/", follow=True)
    assert "1 events were sent." in page.content.decode()
    assert operator.post(STREAM, {"restart": True}).status_code == 200
    assert entities(receiver) == ["1", "1", "2", "1", "2"]


def test_without_a_receiver_it_says_how_to_set_one(run_command: Any, reader: Any, settings: Any) -> None:
    settings.AUDIT_STREAM_URL = ""
    code, _, err = run_command("audit_stream")
    assert (code, "AUDIT_STREAM_URL" in err) == (2, True)
    assert tasks.stream.delay().get() == 0
    assert reader.get(STREAM).json()["receiver"] == ""


def test_an_address_with_a_password_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment()
    for address in ["collector", "ftp://a", "https://", "https://user:hidden@a", "http://[a"]:
        monkeypatch.setenv("AUDIT_STREAM_URL", address)
        with pytest.raises(ImproperlyConfigured, match="AUDIT_STREAM_URL") as refused:
            env.receiver("AUDIT_STREAM_URL")
        assert "hidden" not in str(refused.value)
    monkeypatch.setenv("AUDIT_STREAM_URL", "https://collector.example:8088/services/collector/raw")
    assert env.receiver("AUDIT_STREAM_URL").endswith("/raw")
