"""How `up` watches its children: deaths, silences, restarts, orders to stop, and what it leaves behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import processes
from config.serving.restarts import GIVE_UP_SECONDS, LONGEST_PAUSE_SECONDS, STEADY_SECONDS, Restarts
from config.serving.supervisor import Plan
from tests.services.stack import wait_until

ROOT = Path(__file__).resolve().parents[2]
SERVER = "http.server.HTTPServer(('127.0.0.1', {port}), http.server.SimpleHTTPRequestHandler).serve_forever()"
BEATING = "import os, time; fd = int(os.environ['HANDRAIL_PULSE'])\nwhile True: os.write(fd, b'.'); time.sleep(0.1)"
IDLE = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


@dataclass
class Watched:
    """A supervisor in a process of its own over children that are a few lines of Python each."""

    folder: Path
    children: dict[str, str] = field(default_factory=dict)
    web: str = SERVER
    changes: str = ""
    """Lines that shorten its times."""
    data_dir: str = ""

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        serve = f"import http.server, os; {self.web}".replace("{port}", str(self.port))
        folder = self.data_dir or str(self.folder)
        commands = {"web": serve} | self.children
        program = (
            "import os, sys, time\n"
            "from config.serving import supervisor; from config.serving.child_process import spawn\n"
            f"{self.changes}\n"
            "reader, gate = os.pipe()\n"
            f"pid, felt = spawn([sys.executable, '-c', {serve!r}], keep=reader)\n"
            f"children = {{name: [sys.executable, '-c', line] for name, line in {commands!r}.items()}}\n"
            f"plan = supervisor.Plan(host='127.0.0.1', port={self.port}, address='here', data_dir={folder!r}, "
            "started_at=time.time(), web_pid=pid, web_gate=gate, web_pulse=felt, children=children)\n"
            "sys.exit(supervisor.Supervisor(plan).run())"
        )
        self.log = self.folder / "log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program], cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )

    def says(self, text: str, times: int = 1) -> bool:
        return self.log.read_text().count(text) >= times

    def record(self) -> processes.Record:
        [found] = processes.records(self.folder)
        return found

    def pid(self, name: str) -> int | None:
        found = processes.records(self.folder)
        return found[0].processes[name].pid if found else None

    def wait_for(self, text: str, times: int = 1) -> None:
        wait_until(lambda: self.says(text, times), f"{text} in {self.log.read_text()}")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(**options: object) -> Watched:
        made.append(Watched(tmp_path, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.process.kill()
        each.process.wait()
        for record in processes.records(tmp_path):
            for found in record.processes.values():
                if found.pid:
                    os.kill(found.pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_child_that_dies_at_once_is_tried_five_times_more_slowly_each_time(watched: Callable[..., Watched]) -> None:
    up = watched(children={"worker": "raise SystemExit(7)", "beat": IDLE})
    assert up.process.wait(240) == 1
    for pause in ("0.5", "1", "2", "4"):
        assert up.says(f"[WARN] worker ended: exit code 7; it starts again in {pause} s")
    assert up.says("[FAIL] worker ended 5 times within a minute, the last time: exit code 7; stopping the rest")
    record = up.record()
    assert record.stopped
    assert [death.how for death in record.processes["worker"].deaths] == ["exit code 7"] * 5
    assert [death.how for death in record.processes["beat"].deaths] == ["the stop of the service"]


def test_a_web_that_never_starts_is_given_up_without_starting_the_rest(watched: Callable[..., Watched]) -> None:
    up = watched(web="raise SystemExit(3)", children={"worker": IDLE})
    assert up.process.wait(240) == 1
    assert up.says("[FAIL] web ended 5 times within a minute, the last time: exit code 3")
    assert up.record().processes["worker"].deaths == []


def test_a_killed_child_comes_back_and_the_others_live_on(watched: Callable[..., Watched]) -> None:
    up = watched(children={"worker": BEATING, "beat": IDLE})
    up.wait_for("[OK] here answers")
    worker, beat = up.pid("worker"), up.pid("beat")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    up.wait_for("[WARN] worker ended: signal 9 (SIGKILL); it starts again in 0.5 s")
    up.wait_for("[OK] worker runs again")
    assert up.pid("worker") not in {None, worker}
    assert up.pid("beat") == beat
    assert list(up.record().dead()) == [f"worker@{socket.gethostname()}:{worker}"]


def test_a_child_that_stands_still_is_replaced(watched: Callable[..., Watched]) -> None:
    up = watched(children={"worker": BEATING}, changes="supervisor.SILENT_SECONDS = 2")
    up.wait_for("[OK] here answers")
    worker = up.pid("worker")
    assert worker is not None
    time.sleep(1)  # it gives its first sign
    os.kill(worker, signal.SIGSTOP)
    up.wait_for("[WARN] worker ended: signal 9 (SIGKILL), ended after 2 s without a sign of life")
    up.wait_for("[OK] worker runs again")


def test_a_child_that_never_gets_ready_is_replaced_too(watched: Callable[..., Watched]) -> None:
    up = watched(children={"worker": IDLE}, changes="supervisor.START_SECONDS = 2; supervisor.SILENT_SECONDS = 900")
    up.wait_for("[WARN] worker ended: signal 9 (SIGKILL), ended after 2 s without a sign of life")


def test_what_a_dead_child_started_ends_with_it_wherever_it_hid(
    watched: Callable[..., Watched], tmp_path: Path
) -> None:
    hidden = (
        "import subprocess, sys, time, pathlib\n"
        "sleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "started = [subprocess.Popen(sleep), subprocess.Popen(sleep, start_new_session=True)]\n"
        f"pathlib.Path({str(tmp_path / 'pids')!r}).write_text(' '.join(str(each.pid) for each in started))\n"
        "time.sleep(600)"
    )
    up = watched(children={"worker": hidden})
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2, "it started two")
    grandchildren = [int(word) for word in pids.read_text().split()]
    worker = up.pid("worker")
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    up.wait_for("[WARN] worker ended")
    for pid in grandchildren:
        wait_until(lambda pid=pid: is_gone(pid), "the grandchild is gone")
    children = Path(f"/proc/{up.process.pid}/task/{up.process.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 2, "no zombie is left: web, and the next worker")


def test_an_order_to_stop_is_obeyed_between_a_death_and_the_next_start(watched: Callable[..., Watched]) -> None:
    up = watched(
        children={"worker": "raise SystemExit(7)"},
        changes="from config.serving import restarts; restarts.FIRST_PAUSE_SECONDS = 30.0",
    )
    up.wait_for("it starts again in 30 s")
    up.process.terminate()
    assert up.process.wait(240) == 0
    assert up.says("Stopping.")


def test_a_child_that_will_not_stop_is_killed(watched: Callable[..., Watched]) -> None:
    up = watched(children={"worker": STUBBORN})
    up.wait_for("[OK] here answers")
    worker = up.pid("worker")
    assert worker is not None
    up.process.terminate()
    assert up.process.wait(240) == 0
    assert is_gone(worker)
    assert up.record().stopped


def test_a_full_disk_does_not_end_it(watched: Callable[..., Watched]) -> None:
    up = watched(
        children={"worker": BEATING},
        data_dir="/proc/nowhere",  # nothing can be written there
        changes="os.dup2(os.open('/dev/full', os.O_WRONLY), 1)",
    )
    wait_until(lambda: len(_children(up.process.pid)) == 2, "web and worker run")
    worker = _children(up.process.pid)[-1]
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(_children(up.process.pid)) - {worker}) == 2, "another worker runs")
    up.process.terminate()
    assert up.process.wait(240) == 0


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_child_whose_supervisor_died_during_its_imports_stops_itself() -> None:
    program = (
        "import os, sys, time; sys.path.insert(0, '.'); from config.serving import child\n"
        "assert child.PARENT == os.getppid()\n"
        "child.PARENT = -1\n"  # whoever it was, it is our parent no more
        "child.end_with_parent(); time.sleep(600)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=240, check=False).returncode == -15


def test_a_child_that_cannot_stop_ends_all_the_same_when_its_supervisor_is_gone() -> None:
    program = (
        "import signal, sys, time; sys.path.insert(0, '.'); from config.serving import child\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); child.PARENT = -1\n"
        "child.end_with_parent(); time.sleep(600)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=240, check=False).returncode == 1


def test_the_plan_survives_the_way_to_the_supervisor() -> None:
    plan = Plan(
        host="h",
        port=1,
        address="a",
        data_dir="/d",
        started_at=1.5,
        web_pid=2,
        web_gate=3,
        web_pulse=4,
        children={"web": ["x"]},
    )
    with os.fdopen(plan.hand_over(), encoding="utf-8") as handed_over:
        assert Plan(**json.load(handed_over)) == plan


class TestRestarts:
    def test_the_pause_doubles_to_half_a_minute_and_begins_anew_after_a_steady_life(self) -> None:
        restarts = Restarts()
        pauses = []
        for number in range(8):
            restarts.note_death(at=number * 100.0, served_seconds=0)
            pauses.append(restarts.pause)
        assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
        restarts.note_death(at=900, served_seconds=STEADY_SECONDS)
        assert restarts.pause == 0.5

    def test_twenty_kills_fifteen_seconds_apart_are_not_hopeless(self) -> None:
        restarts = Restarts()
        for number in range(20):
            restarts.note_death(at=number * 15.0, served_seconds=14)
            assert not restarts.is_hopeless

    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=30))
    def test_it_gives_up_exactly_when_five_deaths_fall_into_a_minute(self, lives: list[tuple[int, int]]) -> None:
        restarts, at, died_at = Restarts(), 0, []
        for between, served in lives:
            at += between
            died_at.append(at)
            restarts.note_death(at=at, served_seconds=served)
            assert 0 < restarts.pause <= LONGEST_PAUSE_SECONDS
            assert restarts.is_hopeless == (len([d for d in died_at if at - d < GIVE_UP_SECONDS]) >= 5)


class TestRecord:
    def test_a_record_comes_back_as_it_was_written_and_broken_ones_are_none(self, tmp_path: Path) -> None:
        record = processes.Record(processes={"web": processes.Process(pid=7)})
        record.processes["web"].note_death("signal 9 (SIGKILL)")
        path = processes.path_of(tmp_path, 8000)
        record.write(path)
        assert processes.records(tmp_path) == [record]
        assert path.stat().st_mode & 0o777 == 0o600
        for number, text in enumerate(
            ["", "[]", "{}x", '{"processes": 1}', '{"other": 1}', '{"processes": {"a": []}}']
        ):
            processes.path_of(tmp_path, number).write_text(text)
        assert processes.records(tmp_path) == [record]

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            (0, "exit code 0"),
            (-9, "signal 9 (SIGKILL)"),
            (-11, "signal 11 (SIGSEGV)"),
            (-100, "signal 100"),
            (processes.OUTLASTED, "exit code 75 (a job outlasted its time)"),
        ],
    )
    def test_an_end_is_told_in_words(self, code: int, words: str) -> None:
        assert processes.describe_end(code) == words
