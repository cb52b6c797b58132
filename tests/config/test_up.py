"""What `manage.py up` refuses, in one line with exit code 2, and how its supervisor judges deaths."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.supervisor import Plan, Supervisor, spawn

ROOT = Path(__file__).resolve().parents[2]


def up(tmp_path: Path, **environment: str) -> tuple[int, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=inherited | {"DATA_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("PORT", "many", "PORT: invalid literal"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL is not an address of the form"),
        ("DATABASE_URL", "postgres://u:secret@host:port/db", "DATABASE_URL is not an address of the form"),
        ("DATABASE_URL", "oracle://u:secret@host/db", "DATABASE_URL is not an address of the form"),
        ("DATA_DIR", "/proc/nowhere/data", "DATA_DIR /proc/nowhere/data cannot be made"),
        ("WEB_THREADS", "0", "WEB_THREADS is a whole number"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is one of"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(tmp_path: Path, variable: str, value: str, message: str) -> None:
    code, output = up(tmp_path, **{variable: value})
    assert code == 2
    assert message in output
    assert len(output.strip().splitlines()) == 1
    assert "secret" not in output


def test_a_busy_port_is_one_line(run_command: Callable[..., tuple[int, str, str]]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, error = run_command("up", "--host", "127.0.0.1", "--port", str(taken.getsockname()[1]))
    assert code == 2
    assert "in use" in error
    assert "Set HOST or PORT" in error
    assert run_command("up", "--port", "0")[0] == 2


def supervise(
    web: str, later: dict[str, str], after: Callable[[int], None] = lambda pid: None, pause: float = 0
) -> tuple[int, str, float]:
    """A supervisor in a process of its own over children that are one line of Python each."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = f"import http.server; {web}".replace("PORT", str(port))
    program = (
        "import os, sys, time, json; from config import supervisor\n"
        "reader, gate = os.pipe()\n"
        f"pid = supervisor.spawn([sys.executable, '-c', {serve!r}], gate=reader)\n"
        f"os.close(reader); time.sleep({pause})\n"
        f"later = {{name: [sys.executable, '-c', line] for name, line in {later!r}.items()}}\n"
        f"plan = supervisor.Plan(host='127.0.0.1', port={port}, address='here', started_at=time.time(), web_pid=pid, "
        "web_gate=gate, later=later)\n"
        "sys.exit(supervisor.Supervisor(plan).run())"
    )
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    after(process.pid)
    output, _ = process.communicate(timeout=30)
    return process.returncode, output, time.monotonic() - started


SERVER = "http.server.HTTPServer(('127.0.0.1', PORT), http.server.SimpleHTTPRequestHandler).serve_forever()"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def test_a_child_that_ends_ends_the_rest() -> None:
    code, output, _ = supervise(SERVER, {"worker": "raise SystemExit(7)", "beat": "import time; time.sleep(60)"})
    assert code == 1
    assert "[OK] here answers" in output
    assert "[FAIL] worker ended (exit code 7)" in output


def test_a_web_that_never_starts_ends_it() -> None:
    code, output, _ = supervise("raise SystemExit(3)", {})
    assert code == 1
    assert "[FAIL] web ended (exit code 3)" in output


def test_a_web_that_died_before_it_was_told_where_to_serve_is_named_too() -> None:
    code, output, _ = supervise("raise SystemExit(3)", {}, pause=1)
    assert (code, output.strip()) == (
        1,
        "[FAIL] web ended (exit code 3); stopping the rest. Its output above says why.",
    )


def test_a_child_whose_supervisor_died_during_its_imports_stops_itself() -> None:
    program = (
        "import os, sys, time; sys.path.insert(0, '.'); from config import child\n"
        "assert child.PARENT == os.getppid()\n"
        "child.PARENT = -1\n"  # whoever it was, it is our parent no more
        "child.end_with_parent(); time.sleep(20)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=30, check=False).returncode == -15


def test_a_child_that_will_not_stop_is_killed_in_time() -> None:
    def stop(pid: int) -> None:
        time.sleep(2)
        os.kill(pid, signal.SIGTERM)

    code, output, seconds = supervise(SERVER, {"worker": STUBBORN}, stop)
    assert code == 0
    assert "Stopping." in output
    assert seconds < 2 + 5


def test_the_plan_survives_the_way_to_the_supervisor() -> None:
    plan = Plan(host="h", port=1, address="a", started_at=1.5, web_pid=2, web_gate=3, later={"worker": ["x"]})
    assert Plan(**json.loads(plan.to_json())) == plan
    assert Supervisor(plan).children == {2: "web"}
    assert os.waitpid(spawn([sys.executable, "-c", "pass"]), 0)[1] == 0
