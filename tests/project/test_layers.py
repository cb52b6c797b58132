"""Dependencies point one way: config <- audit <- each tool."""

import subprocess
import sys

from tests.project.sources import APPS, PACKAGES, ROOT, repository_files


def test_the_layers_hold() -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-W", "ignore", "-c", program, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_names_every_app() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.importlinter]")[1]
    assert all(f'"{package}"' in text for package in PACKAGES)
    [layers] = [line for line in text.splitlines() if line.startswith("layers")]
    assert all(app in layers for app in APPS)


def test_no_key_of_an_installation_is_under_version_control() -> None:
    made = {"secret_key", "credential_keys", "audit_signing_key"}
    assert not [path for path in repository_files() if path.name in made or "sqlite3" in path.name]
