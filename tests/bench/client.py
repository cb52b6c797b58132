"""What an agent waits for: the client of its hook from start to end, over HTTP on loopback and over the socket."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.web import server
from tests.services.stack import ROOT, Stack

CLIENT = ROOT / "audit" / "agents" / "hook.py"
RUNS = 60
_CALL = {"session_id": "bench", "cwd": "/project", "hook_event_name": "PreToolUse", "tool_name": "Bash"}
CALL = json.dumps({**_CALL, "tool_input": {"command": "git status"}}).encode()
"""One that the packs allow, as most are."""


def measure() -> None:
    """Print the table of docs/benchmarks.md; the ways take turns with a Python that does nothing, the least of them."""
    with tempfile.TemporaryDirectory(prefix="hr-") as name:
        stack = Stack(Path(name), settings="tests.bench.site.settings")
        stack.migrate()
        subprocess.run(
            [sys.executable, "manage.py", "rules", "posture", "balanced"], env=stack.env, cwd=ROOT, check=True
        )
        key = json.loads(
            subprocess.check_output([sys.executable, "-m", "tests.bench.site.prepare"], env=stack.env, cwd=ROOT)
        )["key"]
        path = Path(name) / "s"
        with server(stack, ["-m", "config.serving.web"], SOCKET_PATH=str(path), THROTTLE_RATE="0/minute") as port:
            places = {"HTTP on loopback": f"http://127.0.0.1:{port}", "the Unix socket": f"unix:{path}"}
            _print(_turns({way: {"HANDRAIL_URL": url, "HANDRAIL_API_KEY": key} for way, url in places.items()}, name))


def _turns(places: dict[str, dict[str, str]], home: str) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {"Python alone": [], **{way: [] for way in places}}
    for number in range(RUNS + 2):
        for way, runs in took.items():
            milliseconds = _asked({"HOME": home, **places[way]}) if way in places else _run(["-c", ""], {})[0]
            if number >= 2:  # the first fill the system's cache
                runs.append(milliseconds)
    return took


def _asked(environment: dict[str, str]) -> float:
    milliseconds, said = _run([str(CLIENT), "claude"], environment)
    if b'"allow"' not in said:
        raise RuntimeError(said.decode())
    return milliseconds


def _run(words: list[str], environment: dict[str, str]) -> tuple[float, bytes]:
    began = time.perf_counter()
    program = [sys.executable, "-I", "-S", *words]
    done = subprocess.run(program, input=CALL, capture_output=True, env=environment, check=True)
    return (time.perf_counter() - began) * 1000, done.stdout


def _print(took: dict[str, list[float]]) -> None:
    print("| the client, over | ms, median | least | 95 of 100 within |\n|---|---|---|---|")
    for way, runs in took.items():
        print(f"| {way} | {median(runs):.1f} | {min(runs):.1f} | {sorted(runs)[len(runs) * 95 // 100]:.1f} |")
