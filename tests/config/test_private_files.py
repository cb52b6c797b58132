"""What others may read of the service's files is taken from them when it starts."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.serving import private_files
from tests.project.sources import ROOT


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def data(tmp_path: Path, settings: Any) -> Path:
    """A data directory as an older version, a copy, or a careless umask left it."""
    folder = tmp_path / "data"
    (folder / "backups").mkdir(parents=True)
    settings.DATA_DIR, settings.BACKUP_DIR, settings.HOME_DIR = folder, folder / "backups", tmp_path
    settings.DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "handrail.sqlite3")}
    for name in OURS:
        path = tmp_path / name
        path.write_text("secret")
        path.chmod(0o644)
    folder.chmod(0o755)
    return folder


OURS = [
    ".env",
    "data/secret_key",
    "data/credential_keys",
    "data/audit_signing_key",
    "data/handrail.sqlite3",
    "data/handrail.sqlite3-wal",
    "data/handrail.sqlite3-shm",
    "data/backups/handrail-manual-1.sqlite3.gz",
    "data/backups/handrail-manual-1.sqlite3.gz.manifest",
]


def test_the_folder_and_every_file_of_ours_become_their_owners_alone(data: Path) -> None:
    assert private_files.tighten() == []
    assert mode(data) == 0o700
    assert {name: mode(data.parent / name) for name in OURS} == dict.fromkeys(OURS, 0o600)
    assert private_files.open_to_others() == []


def test_what_else_lies_there_is_left_alone(data: Path) -> None:
    program = data / "program"
    program.write_text("#!/bin/sh")
    program.chmod(0o755)
    private_files.tighten()
    assert mode(program) == 0o755


def test_a_folder_that_others_share_stays_open(data: Path) -> None:
    data.chmod(0o1777)  # as /tmp
    private_files.tighten()
    assert mode(data) == 0o777 | stat.S_ISVTX
    assert mode(data / "secret_key") == 0o600
    assert private_files.is_shared(Path("/"))


def test_what_cannot_be_changed_is_named_and_stops_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = Path.chmod

    def refuse(path: Path, wanted: int) -> None:
        if path.name == "secret_key":
            raise PermissionError(1, "Operation not permitted")
        change(path, wanted)

    monkeypatch.setattr(Path, "chmod", refuse)
    assert private_files.tighten() == [
        f"{data}/secret_key is open to other users and cannot be closed: Operation not permitted"
    ]
    assert mode(data / "credential_keys") == 0o600


# What the commands write


def typed(data: Path, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command as a person runs it whose umask lets all others read."""
    own = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    return subprocess.run(
        [sys.executable, ROOT / "manage.py", *words],
        env=own | {"DATA_DIR": str(data)},
        cwd=cwd,
        umask=0o022,
        capture_output=True,
        text=True,
        check=False,
    )


def test_whatever_a_command_leaves_in_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for words in ("migrate --verbosity 0", "rules posture strict", "backup create --verify", "audit seal"):
        done = typed(data, *words.split())
        assert done.returncode == 0, f"{words}: {done.stderr}"
    left = [path for path in data.rglob("*") if path.is_file()]
    assert {".lock", "handrail.sqlite3", "rules.lock"} <= {path.name for path in left}
    assert [path for path in left if path.suffix == ".manifest"]
    assert [str(path.relative_to(data)) for path in left if mode(path) & 0o077] == []
    assert "other users may read" not in typed(data, "doctor").stdout


def test_what_a_guarded_program_writes_is_as_open_as_its_caller_wants_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert typed(data, "migrate", "--verbosity", "0").returncode == 0
    assert typed(data, "rules", "add", "allow", "Bash(touch *)").returncode == 0
    done = typed(data, "guard", "--", "touch", "made", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert mode(tmp_path / "made") == 0o644
