"""What `manage.py up` refuses, in one line with exit code 2."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config.serving import local

ROOT = Path(__file__).resolve().parents[2]


def up(tmp_path: Path, **environment: str) -> tuple[int, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=inherited | {"DATA_DIR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=240,
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
        ("SOCKET_PATH", "a/relative/one", "SOCKET_PATH is an absolute path of at most 100 bytes"),
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


def test_the_socket_of_a_server_that_died_is_taken_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "s"
    local.free(path)
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
        left_behind.listen()
        with pytest.raises(local.SocketTaken, match="another server listens there"):
            local.free(path)
    local.free(path)
    assert not path.exists()
    path.write_text("somebody's")
    with pytest.raises(local.SocketTaken, match="something else lies there"):
        local.free(path)
    assert path.read_text() == "somebody's"
    with pytest.raises(local.SocketTaken, match="is no folder"):
        local.free(tmp_path / "nowhere" / "s")
