"""The broker's queue, its kombu transport, and what a job is, in one process."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery.schedules import crontab
from django.db import OperationalError, transaction
from django.test import Client
from django.utils import timezone
from kombu import Connection, Consumer, Exchange, Queue

from config.celery import app, shared_task
from config.context import acting_as, caller
from config.errors import Conflict
from config.jobs import queue as broker_queue
from config.jobs import schedule
from config.jobs.beat import Scheduler
from config.jobs.heartbeat import beat, fall_silent
from config.jobs.sending import send
from config.jobs.transport import Channel
from config.models import BrokerMessage, Heartbeat, PeriodicRun
from config.signals import job_parked

LEASE = timedelta(seconds=20)


def put(name: str = "job", **headers: Any) -> None:
    broker_queue.put(queue="q", message={"body": name, "headers": {"task": name, "id": name, **headers}})


def claim(worker: str = "w1", count: int = 1, **options: Any) -> list[str]:
    options = {"queue": "q", "lease": LEASE, "max_deliveries": 3} | options
    return [claimed.payload["body"] for claimed in broker_queue.claim(worker=worker, count=count, **options)]


def held(worker: str = "w1") -> list[int]:
    return list(BrokerMessage.objects.filter(worker=worker).values_list("pk", flat=True))


def expire_leases() -> None:
    BrokerMessage.objects.exclude(worker="").update(available_at=timezone.now())


@pytest.mark.django_db
class TestQueue:
    def test_messages_are_claimed_in_their_order_and_once(self) -> None:
        for name in "abc":
            put(name)
        assert claim(count=2) == ["a", "b"]
        assert claim("w2", count=2) == ["c"]
        assert claim("w2") == []

    def test_a_message_is_claimed_only_when_due(self) -> None:
        put("later", eta=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
        put("past", eta="2020-01-01T00:00:00")
        put("odd", eta="soon")
        assert sorted(claim(count=5)) == ["odd", "past"]
        assert BrokerMessage.objects.get(task="later").state == "scheduled"

    def test_a_lost_lease_frees_the_message_and_the_late_worker_cannot_finish_it(self) -> None:
        put()
        claim("w1")
        ids = held("w1")
        expire_leases()
        assert claim("w2") == ["job"]
        assert broker_queue.renew(worker="w1", ids=ids, lease=LEASE) == 0
        broker_queue.finish(worker="w1", ids=ids)
        assert BrokerMessage.objects.count() == 1
        broker_queue.finish(worker="w2", ids=ids)
        assert BrokerMessage.objects.count() == 0

    def test_a_renewed_lease_holds(self) -> None:
        put()
        claim("w1")
        expire_leases()
        assert broker_queue.renew(worker="w1", ids=held("w1"), lease=LEASE) == 1
        assert claim("w2") == []
        assert BrokerMessage.objects.leased().count() == 1

    def test_suspects_run_one_at_a_time_beside_new_work(self) -> None:
        for name in "abc":
            put(name)
        claim(count=3)
        expire_leases()
        put("new")
        assert claim("w2", count=4) == ["a", "new"]
        assert claim("w2", count=4, suspects=False) == []
        assert claim("w3", count=4) == ["b"]

    def test_too_many_deliveries_park_a_message_until_somebody_requeues_it(self) -> None:
        put()
        for number in range(3):
            assert claim(f"w{number}") == ["job"]
            expire_leases()
        assert claim("w4") == []
        message = BrokerMessage.objects.get()
        assert message.state == "parked"
        assert "3 times" in message.reason
        assert BrokerMessage.objects.requeue() == 1
        assert claim("w5") == ["job"]

    def test_a_parked_job_is_told_to_the_app_it_belongs_to_with_its_arguments(self) -> None:
        body = base64.b64encode(b'[[7], {"a": 1}, {}]').decode()
        broker_queue.put(queue="q", message={"body": body, "headers": {"task": "prompts.run_test", "id": "t"}})
        told: list[dict[str, Any]] = []

        def listen(**kwargs: Any) -> None:
            told.append(kwargs)

        job_parked.connect(listen)
        try:
            for number in range(4):
                claim(f"w{number}")
                expire_leases()
        finally:
            job_parked.disconnect(listen)
        [found] = told
        assert (found["task"], found["args"], found["kwargs"]) == ("prompts.run_test", [7], {"a": 1})
        assert found["reason"] == BrokerMessage.objects.get().reason

    def test_a_blameless_return_counts_no_delivery(self) -> None:
        put()
        claim()
        broker_queue.give_back(worker="w1", ids=held(), blameless=True)
        message = BrokerMessage.objects.get()
        assert (message.deliveries, message.worker, message.state) == (0, "", "waiting")
        claim()
        broker_queue.give_back(worker="w1", ids=held(), blameless=False)
        assert BrokerMessage.objects.get().deliveries == 1

    def test_purge_leaves_what_runs_and_what_is_parked(self) -> None:
        for name in "abcd":
            put(name)
        put("later", eta=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
        claim(count=2)
        broker_queue.park(worker="w1", ids=held()[:1], reason="no use")
        assert broker_queue.size(queue="q") == 2
        assert broker_queue.purge(queue="q") == 3
        assert {message.state for message in BrokerMessage.objects.all()} == {"leased", "parked"}

    def test_a_message_of_a_transaction_that_rolls_back_never_existed(self) -> None:
        with transaction.atomic():
            put()
            transaction.set_rollback(True)
        assert claim() == []


@pytest.fixture
def connection(db: None) -> Iterator[Connection]:
    with Connection("database://", transport_options={"lease_seconds": 60}) as made:
        yield made


class TestTransport:
    def test_a_message_comes_back_whole_and_is_deleted_once_acknowledged(self, connection: Connection) -> None:
        with connection.SimpleQueue("letters") as letters:
            body = {"text": "gr\u00fc\u00df \u0000 \u20ac", "number": 1}
            letters.put(body)
            assert letters.qsize() == 1
            message = letters.get(timeout=2)
            assert message.payload == body
            assert BrokerMessage.objects.get().state == "leased"
            message.ack()
            assert BrokerMessage.objects.count() == 0

    def test_an_empty_queue_times_out(self, connection: Connection) -> None:
        with connection.SimpleQueue("letters") as letters, pytest.raises(letters.Empty):
            letters.get(timeout=0.05)

    def test_rejecting_requeues_or_parks(self, connection: Connection) -> None:
        with connection.SimpleQueue("letters") as letters:
            letters.put("text")
            letters.get(timeout=2).requeue()
            assert BrokerMessage.objects.get().state == "waiting"
            message = letters.get(timeout=2)
            assert message.delivery_info["redelivered"]
            message.reject()
            assert BrokerMessage.objects.get().state == "parked"

    def test_closing_gives_back_what_was_not_acknowledged(self, connection: Connection) -> None:
        with connection.SimpleQueue("letters") as letters:
            letters.put("text")
            letters.get(timeout=2)
        connection.release()
        message = BrokerMessage.objects.get()
        assert (message.state, message.deliveries) == ("waiting", 0)

    def test_a_consumer_without_acknowledgements_takes_for_good(self, connection: Connection) -> None:
        connection.SimpleQueue("letters").put("text")
        queue = Queue("letters", Exchange("letters"), "letters")
        seen: list[object] = []
        with Consumer(connection, [queue], callbacks=[lambda body, _: seen.append(body)], no_ack=True):
            connection.drain_events(timeout=2)
        assert seen == ["text"]
        assert BrokerMessage.objects.count() == 0
        assert connection.default_channel.basic_get("letters", no_ack=True) is None

    def test_purge_empties_the_queue(self, connection: Connection) -> None:
        letters = connection.SimpleQueue("letters")
        letters.put("one")
        letters.put("two")
        assert letters.clear() == 2

    def test_a_worker_starts_while_the_database_is_away(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        channel = connection.channel()

        def away(**kwargs: Any) -> int:
            raise OperationalError("gone")

        with monkeypatch.context() as patch:
            patch.setattr(broker_queue, "size", away)
            assert channel.queue_declare("celery").message_count == 0
        assert channel.is_away

    def test_an_acknowledgement_waits_for_a_database_that_is_away(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        letters = connection.SimpleQueue("letters")
        letters.put("text")
        message = letters.get(timeout=2)
        channel: Channel = message.channel
        with monkeypatch.context() as patch:
            patch.setattr(broker_queue, "finish", _away)
            message.ack()
            patch.setattr(broker_queue, "claim", _away)
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.1)
        assert channel.is_away
        assert BrokerMessage.objects.get().state == "leased"
        channel._settle()
        assert BrokerMessage.objects.count() == 0


def _away(**kwargs: object) -> None:
    from django.db import OperationalError

    raise OperationalError("the server closed the connection")


@shared_task(name="tests.who")
def who() -> tuple[str, str, str]:
    return caller().actor, caller().door, caller().correlation_id


@shared_task(name="tests.refuse")
def refuse() -> None:
    raise Conflict("That was done. Look at the first one.")


@pytest.fixture
def not_eager() -> Iterator[None]:
    app.conf.task_always_eager = False
    yield
    app.conf.task_always_eager = True


class TestJobs:
    def test_a_job_acts_for_its_sender(self) -> None:
        with acting_as(actor="ada", door="rest", correlation_id="r-1"):
            assert who.apply().get() == ("ada", "job", "r-1")
            assert who() == ("ada", "rest", "r-1")  # a plain call is no job

    def test_a_job_of_nobody_acts_as_itself(self) -> None:
        actor, door, correlation_id = who.apply().get()
        assert (actor, door) == ("job:tests.who", "job")
        assert correlation_id

    def test_an_expected_failure_is_one_line(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(Conflict):
            refuse.apply(throw=True)
        assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
            "Job tests.refuse failed (conflict): That was done. Look at the first one."
        ]

    @pytest.mark.django_db
    def test_on_the_embedded_broker_a_job_is_sent_within_the_transaction(self, not_eager: None) -> None:
        with acting_as(actor="ada", correlation_id="r-2"), transaction.atomic():
            who.delay_on_commit()
            message = BrokerMessage.objects.get()
        assert message.task == "tests.who"
        assert '"actor": "ada"' in message.payload

    @pytest.mark.django_db
    def test_an_operation_sends_a_task_by_its_name(self, not_eager: None) -> None:
        send("visioncache.invalidate")
        assert BrokerMessage.objects.get().task == "visioncache.invalidate"
        with pytest.raises(LookupError):
            send("visioncache.missing")


class TestSchedule:
    def test_every_app_adds_its_jobs_and_each_task_exists(self) -> None:
        app.loader.import_default_modules()
        jobs = schedule.periodic_jobs()
        assert "config.forget_answers" in jobs
        assert [job["task"] for job in jobs.values() if job["task"] not in app.tasks] == []

    def test_the_jobs_survive_the_way_to_another_process(self) -> None:
        jobs = schedule.periodic_jobs() | {
            "nightly": {"task": "x", "schedule": crontab(minute="5", hour="*/3"), "kwargs": {"a": [1]}}
        }
        assert schedule.from_json(schedule.to_json(jobs)) == jobs

    def test_a_schedule_that_cannot_travel_is_refused(self) -> None:
        with pytest.raises(TypeError):
            schedule.to_json({"odd": {"task": "x", "schedule": object()}})


@pytest.mark.django_db
class TestBeat:
    @pytest.fixture
    def scheduler(self, monkeypatch: pytest.MonkeyPatch, not_eager: None) -> Scheduler:
        jobs = {"often": {"task": "tests.who", "schedule": timedelta(seconds=60)}}
        monkeypatch.setattr("config.jobs.beat.periodic_jobs", lambda: jobs)
        made = Scheduler(app)
        self.make_due(made)
        return made

    def make_due(self, *schedulers: Scheduler) -> None:
        PeriodicRun.objects.update(last_run_at=timezone.now() - timedelta(hours=1))
        for scheduler in schedulers:
            scheduler.schedule["often"].last_run_at = PeriodicRun.objects.get().last_run_at

    def test_a_due_job_is_sent_once_however_many_beats_there_are(self, scheduler: Scheduler) -> None:
        other = Scheduler(app)
        self.make_due(scheduler, other)
        assert [scheduler.tick(), other.tick()] == [0.05, 0.05]
        assert BrokerMessage.objects.count() == 1
        assert 4 < scheduler.tick() <= 5  # looks again, and gives a sign of life, every five seconds
        assert PeriodicRun.objects.get().total_runs == 1

    def test_a_run_that_cannot_be_sent_is_not_noted_and_tried_again(
        self, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(broker_queue, "put", _away)
            assert scheduler.tick() == 1.0
        assert "trying again" in caplog.text
        assert PeriodicRun.objects.get().total_runs == 0
        scheduler.tick()
        assert PeriodicRun.objects.get().total_runs == 1
        assert BrokerMessage.objects.count() == 1


@pytest.mark.django_db
class TestHeartbeat:
    def test_a_process_lives_from_its_first_beat_to_its_farewell(self) -> None:
        beat(role="worker")
        beat(role="worker")
        assert Heartbeat.objects.alive().filter(role="worker").count() == 1
        Heartbeat.objects.update(beaten_at=timezone.now() - timedelta(seconds=16))
        assert not Heartbeat.objects.alive().exists()
        fall_silent(role="worker")
        assert not Heartbeat.objects.exists()


def test_the_admin_shows_the_queue_and_requeues_parked_jobs(admin_client: Client) -> None:
    put("poison")
    claim()
    broker_queue.park(worker="w1", ids=held(), reason="no use")
    page = admin_client.get("/admin/config/brokermessage/")
    assert "no use" in page.content.decode()
    choice = {"action": "requeue", "_selected_action": [BrokerMessage.objects.get().pk]}
    assert admin_client.post("/admin/config/brokermessage/", choice).status_code == 302
    assert BrokerMessage.objects.get().state == "waiting"
    assert admin_client.get("/admin/config/heartbeat/").status_code == 200
    assert admin_client.get("/admin/config/periodicrun/").status_code == 200
