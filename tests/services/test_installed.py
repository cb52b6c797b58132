"""The wheel, in clean environments of its own, used from the shell of a developer at work on something else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.developer import SHELL, strange_folder
from tests.services.service import Service
from tests.services.stack import ROOT, wait_until

pytestmark = pytest.mark.services
CALL = {
    "session_id": "abc",
    "cwd": "/tmp",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "git status"},
    "tool_use_id": "toolu_1",
}
PINS = ["--constraint", str(ROOT / "requirements.txt")]
LIMIT = 1200


def run(*command: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=LIMIT, **options
    )


def done(*command: object) -> None:
    finished = run(*command)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    if run(*pip, "download", "--no-deps", "--dest", folder / "reach", "hatchling").returncode:
        pytest.skip("The package index cannot be reached, from which the build and the packages come.")
    done(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
    [made] = folder.glob("handrail-*.whl")
    return made


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker and the hook, installed by pip."""
    folder = tmp_path_factory.mktemp("alone") / "venv"
    done(sys.executable, "-m", "venv", folder)
    done(folder / "bin/python", "-m", "pip", "install", *PINS, wheel)
    return folder / "bin"


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service, installed by uv where that is there."""
    folder = tmp_path_factory.mktemp("whole") / "venv"
    wanted = f"handrail[service] @ {wheel.as_uri()}"
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        done(sys.executable, "-m", "venv", folder)
        done(folder / "bin/python", "-m", "pip", "install", *PINS, wanted)
    else:
        done(uv, "venv", "--python", sys.executable, folder)
        done(uv, "pip", "install", "--python", folder / "bin/python", *PINS, wanted)
    return folder / "bin"


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, Any]:
    """The options of a process that a developer starts in the folder of the project at hand."""
    (tmp_path / "home").mkdir()
    folder = strange_folder(tmp_path)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {"cwd": folder, "env": kept | SHELL | {"HOME": str(tmp_path / "home"), "PYTHONPATH": str(folder)}}


def test_the_checker_needs_neither_service_nor_home(alone: Path, shell: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "good.sql").write_text("CREATE TABLE t (id bigint PRIMARY KEY);\n")
    (tmp_path / "bad.sql").write_text("CREATE TABEL t (id int);\n")
    for command in ([alone / "handrail"], [alone / "python", "-m", "handrail"]):
        good = run(*command, "schemacheck", tmp_path / "good.sql", **shell)
        assert (good.returncode, "[OK]" in good.stdout, good.stderr) == (0, True, "")
        bad = run(*command, "schemacheck", "--format", "json", tmp_path / "bad.sql", **shell)
        assert bad.returncode == 1
        assert json.loads(bad.stdout)["statements"][0]["errors"][0]["sqlstate"] == "42601"
    nothing = run(alone / "handrail", "schemacheck", tmp_path / "missing.sql", **shell)
    assert nothing.returncode == 2
    assert not list((tmp_path / "home").rglob("*"))


def test_what_needs_the_service_says_the_one_line_that_brings_it(alone: Path, shell: dict[str, Any]) -> None:
    for words in (["up"], ["schemacheck", "--live"], ["apikey", "list"]):
        said = run(alone / "handrail", *words, **shell)
        assert (said.returncode, said.stdout, len(said.stderr.splitlines())) == (2, "", 1)
        assert f"{alone / 'python'} -m pip install 'handrail[service] @ file://" in said.stderr
    usage = run(alone / "handrail", "help", **shell)
    assert (usage.returncode, "handrail schemacheck [PATH ...]" in usage.stdout) == (0, True)
    version = run(alone / "handrail", "--version", **shell)
    assert version.stdout.startswith("handrail 0.")


def test_a_hook_without_a_service_refuses_and_names_where_it_looked(
    alone: Path, shell: dict[str, Any], tmp_path: Path
) -> None:
    refused = run(alone / "handrail", "hook", "claude", input=json.dumps(CALL), **shell)
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert f"no installation of Handrail in {tmp_path}/home/.local/share/handrail/data" in refused.stderr


@pytest.fixture
def service(whole: Path, shell: dict[str, Any], tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "log")
    made.env, made.cwd = shell["env"] | {"PORT": str(made.port)}, str(shell["cwd"])
    made.command = [str(whole / "handrail")]
    yield made
    made.kill()


def test_up_serves_from_the_users_home_whatever_the_shell_has(
    service: Service, whole: Path, shell: dict[str, Any], tmp_path: Path
) -> None:
    before = {path.name for path in shell["cwd"].rglob("*")}
    service.start()
    wait_until(service.is_complete, "web, worker and beat live")
    key = service.key()
    data = tmp_path / "home/.local/share/handrail/data"
    assert {"handrail.sqlite3", "secret_key"} <= {path.name for path in data.iterdir()}

    status, headers, _ = service.get("/api/v1/schemacheck/validate", key, {"sql": "SELECT 1", "background": True})
    assert status == 202
    place = headers["Location"].removeprefix(f"http://127.0.0.1:{service.port}")
    wait_until(lambda: json.loads(service.get(place, key)[2])["status"] == "finished", "the job is done")

    answer = run(whole / "handrail", "hook", "claude", input=json.dumps(CALL), **shell)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["hookSpecificOutput"]["hookEventName"] == "PreToolUse"
    listed = run(whole / "python", "-m", "handrail", "apikey", "list", **shell)
    assert "first" in listed.stdout, listed.stderr
    assert "their-password" not in service.output.read_text()
    service.kill()
    assert not list(whole.parent.rglob("*.sqlite3")), "nothing is kept beside the code"
    assert {path.name for path in shell["cwd"].rglob("*")} == before, "nothing is left in the current folder"
