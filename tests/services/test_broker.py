"""The broker in the database with real worker processes; the same soak on Redis."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.processes import OUTLASTED
from tests.services.postgres import Cluster, cluster
from tests.services.redis_server import redis
from tests.services.stack import Stack, stack, wait_until
from tests.services.throwaway import ServerMissing

pytestmark = pytest.mark.services

StackOn = Callable[[str], Stack]


@pytest.fixture
def stack_on(tmp_path: Path) -> Iterator[StackOn]:
    """Makes a stack on `sqlite`, `postgres` or `redis` (SQLite with Redis as the broker)."""
    with ExitStack() as servers:

        def make(kind: str) -> Stack:
            try:
                address = servers.enter_context(SERVERS[kind]()) if kind in SERVERS else ""
            except ServerMissing as error:
                pytest.skip(str(error))
            options = {"postgres": "database_url", "redis": "broker_url"}
            url = address.url if isinstance(address, Cluster) else address
            made = servers.enter_context(stack(tmp_path, **({options[kind]: url} if url else {})))
            made.server = address
            return made

        yield make


SERVERS = {"postgres": cluster, "redis": redis}


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "redis"])
def test_committed_jobs_all_run_and_rolled_back_ones_never_although_a_worker_is_killed(
    kind: str, stack_on: StackOn
) -> None:
    stack = stack_on(kind)
    doomed = stack.worker()
    if kind == "redis":
        # kombu takes a message off a Redis list before it notes who has it, so a worker that dies in that moment
        # loses one; one whose threads are all busy takes none.
        stack.send(*[("slow", f"held {number}", 10) for number in range(4)])
        wait_until(lambda: stack.count("soak_ran", "key LIKE '%began'") == 4, "the doomed worker is busy")
    stack.worker()
    wait_until(lambda: stack.count("config_heartbeat") == 2, "both workers are ready")
    producers = [stack.produce(f"producer{number}", 100) for number in range(4)]
    wait_until(lambda: stack.count("soak_ran") > 20, "the first jobs ran")
    doomed.kill()
    assert [producer.wait(240) for producer in producers] == [0, 0, 0, 0]

    lost = "key NOT IN (SELECT key FROM soak_ran)"
    wait_until(lambda: stack.count("soak_accepted", lost) == 0, "every accepted job ran")
    assert stack.count("soak_accepted") == 200
    rolled_back = "key NOT IN (SELECT key FROM soak_accepted) AND key NOT LIKE 'held %'"
    assert stack.count("soak_ran", rolled_back) == 0
    if kind == "redis":
        wait_until(lambda: all(stack.ran(f"held {number}") for number in range(4)), "what it held ran as well")
    else:
        assert stack.count("soak_ran") <= 204  # twice ran only what the killed worker's four threads held
        wait_until(lambda: stack.count("config_brokermessage") == 0, "the queue is empty")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_job_outlives_its_worker_and_a_living_worker_keeps_its_job(kind: str, stack_on: StackOn) -> None:
    stack = stack_on(kind)
    first, second = stack.worker(), stack.worker()
    stack.send(("slow", "long", 7))  # more than twice the lease of 3 seconds
    wait_until(lambda: stack.ran("long") == 1, "it ended")
    assert stack.ran("long began") == 1  # the lease was renewed: nobody else began it

    stack.send(("slow", "cut", 3))
    wait_until(lambda: stack.ran("cut began") == 1, "it began")
    holder = str(stack.rows("SELECT worker FROM config_brokermessage")[0][0])
    next(worker for worker in (first, second) if f":{worker.pid}:" in holder).kill()
    wait_until(lambda: stack.ran("cut") == 1, "the other worker finished it")
    assert stack.ran("cut began") == 2


def test_a_message_that_kills_its_workers_is_parked_and_those_beside_it_are_not(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.send(("poison",), ("slow", "innocent", 1))
    for _ in range(8):
        worker = stack.worker()
        wait_until(lambda worker=worker: worker.poll() is not None or _is_settled(stack), "it died or all is done")
        if _is_settled(stack):
            break
    parked = stack.rows("SELECT task, worker, reason FROM config_brokermessage WHERE parked_at IS NOT NULL")
    why = "It cost its worker 3 times; the last time it died, or let go, while it held the job."
    assert parked == [("soak.poison", "", why)]
    assert stack.ran("innocent") == 1


def _is_settled(stack: Stack) -> bool:
    return stack.ran("innocent") == 1 and stack.count("config_brokermessage", "parked_at IS NULL") == 0


def test_jobs_that_never_end_cost_three_workers_and_are_parked_while_others_run(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.send(("endless", "one"), ("endless", "two"), ("note", "innocent"))
    codes = []
    for number in range(9):
        worker = stack.worker(log="workers")
        wait_until(lambda worker=worker: worker.poll() is not None or _is_parked(stack, 2), "it ends or all is done")
        if worker.poll() is None:
            break
        codes.append(worker.returncode)
        stack.send(("note", f"after {number}"))
    assert codes == [OUTLASTED] * 5  # both together, and then each by itself twice more
    parked = stack.rows("SELECT DISTINCT task, reason FROM config_brokermessage WHERE parked_at IS NOT NULL")
    assert parked == [("soak.endless", "It cost its worker 3 times; the last time it ran longer than its 2 s.")]
    assert stack.ran("innocent") == 1
    wait_until(lambda: stack.ran("after 4") == 1, "what was sent meanwhile ran")
    assert [stack.ran(f"after {number}") for number in range(5)] == [1] * 5
    assert "Job soak.endless" in stack.log("workers")


def _is_parked(stack: Stack, count: int) -> bool:
    return stack.count("config_brokermessage", "parked_at IS NOT NULL") == count


def test_a_job_beside_one_that_never_ends_goes_back_to_the_queue_without_blame(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.send(("endless", "stuck"), ("slow", "beside", 300))
    worker = stack.worker()
    wait_until(lambda: stack.ran("beside began") == 1, "both run")
    wait_until(lambda: worker.poll() is not None, "the worker is replaced")
    left = stack.rows("SELECT task, worker, deliveries, reason FROM config_brokermessage ORDER BY id")
    assert left == [("soak.endless", "", 1, "it ran longer than its 2 s"), ("soak.slow", "", 0, "")]
    assert stack.count("config_heartbeat") == 0


def test_jobs_that_may_take_long_leave_half_of_the_threads_to_the_others(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.send(*[("long_endless", f"long {number}") for number in range(5)], ("note", "short"))
    worker = stack.worker()
    wait_until(lambda: stack.ran("short") == 1, "the short one ran")
    assert stack.count("soak_ran", "key LIKE 'long % began'") == 2
    worker.kill()
    stack.worker()
    stack.send(("note", "after the restart"))
    wait_until(lambda: stack.ran("after the restart") == 1, "others run straight after a restart")


def test_a_countdown_outlives_the_workers_and_waits_in_the_table(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    sent_at = time.time()
    stack.send(("note", "later"), countdown=15)
    first = stack.worker()
    wait_until(lambda: stack.count("config_heartbeat") == 1, "the worker is ready")
    assert stack.rows("SELECT worker, deliveries FROM config_brokermessage") == [("", 0)]
    first.kill()
    stack.worker()
    wait_until(lambda: stack.ran("later") == 1, "it ran")
    assert float(str(stack.rows("SELECT at FROM soak_ran WHERE key = 'later'")[0][0])) > sent_at + 15


def test_a_stopped_worker_finishes_what_it_began_and_hands_over_the_rest(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    worker = stack.worker()
    stack.send(*[("slow", f"job{number}", 4) for number in range(8)])  # four threads: four begin, four wait
    wait_until(lambda: stack.count("soak_ran", "key LIKE '%began'") == 4, "four began")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(240) == 0
    assert stack.count("soak_ran", "key NOT LIKE '%began'") == 4
    left = stack.rows("SELECT worker, deliveries FROM config_brokermessage")
    assert all(row == ("", 0) for row in left)  # free at once, and nobody is blamed
    stack.worker()
    wait_until(lambda: stack.count("config_brokermessage") == 0, "the rest ran")
    assert stack.count("soak_ran", "key NOT LIKE '%began'") == 8


def test_jobs_retry_act_for_their_sender_and_fail_in_one_line_without_secrets(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.send(("stubborn", "again"), ("who", "whose"), ("refused",), ("broken",), ("rejected",))
    stack.worker(log="worker")
    wait_until(lambda: stack.ran("again") == 1, "it was retried")
    assert stack.rows("SELECT note FROM soak_ran WHERE key = 'again'") == [("2",)]
    assert stack.rows("SELECT note FROM soak_ran WHERE key = 'whose'") == [("ada job request-7",)]
    wait_until(lambda: "Parked" in stack.log("worker"), "the rejected one is parked")
    left = [("soak.rejected", "Rejected by the worker.")]  # a job that ran is acknowledged a moment after what it wrote
    wait_until(lambda: stack.rows("SELECT task, reason FROM config_brokermessage") == left, "it alone is left")
    log = stack.log("worker")
    refused = [line for line in log.splitlines() if "That was done before" in line]
    assert len(refused) == 1
    assert "config.jobs.task [request-7] Job soak.refused failed (conflict)" in refused[0]
    assert "soak.broken" in log
    assert "hunter2" not in log
    assert "hr_abcdefghij" not in log


def test_several_beats_send_every_run_once(stack_on: StackOn) -> None:
    stack = stack_on("sqlite")
    stack.worker()
    stack.beat()
    stack.beat()
    wait_until(lambda: stack.ran("tick") >= 6, "six ticks ran")
    runs = int(str(stack.rows("SELECT total_runs FROM config_periodicrun WHERE name = 'soak.tick'")[0][0]))
    times = [float(str(at)) for (at,) in stack.rows("SELECT at FROM soak_ran WHERE key = 'tick' ORDER BY at")]
    assert runs <= (times[-1] - times[0]) / 0.5 + 3  # one of the two sent each
    assert stack.count("config_heartbeat", "role = 'beat'") == 2


def test_the_worker_comes_back_when_postgresql_does(stack_on: StackOn) -> None:
    stack = stack_on("postgres")
    assert isinstance(stack.server, Cluster)
    worker = stack.worker(log="worker")
    stack.send(("slow", "across", 4))
    wait_until(lambda: stack.ran("across began") == 1, "it began")
    producer = stack.produce("before", 40)
    producer.wait(240)
    stack.server.restart()
    assert stack.produce("after", 40).wait(240) == 0
    wait_until(lambda: stack.count("soak_accepted", "key NOT IN (SELECT key FROM soak_ran)") == 0, "all ran")
    wait_until(lambda: stack.ran("across") >= 1, "so did the one that was running")
    wait_until(lambda: stack.count("config_brokermessage") == 0, "and all is acknowledged")
    assert worker.poll() is None
