"""What git's hooks hold a repository to: its architecture, no secrets, tests that pass."""

import sys
from pathlib import Path
from typing import Any

import pytest

from audit.repositories import testing
from audit.repositories.architecture import module_of
from audit.repositories.wishes import Wishes

TOKEN = "ghp_" + "a1B2c3D4e5" * 4
RULES = '[tool.handrail]\nforbidden-imports = ["shop.models -> shop.views"]\n'


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project outside git whose models import its views in every way there is."""
    write(tmp_path, "pyproject.toml", RULES)
    write(tmp_path, "src/shop/models/__init__.py", "from . import carts\nfrom .. import views, forms\n")
    write(tmp_path, "src/shop/models/carts.py", "import os\nimport shop.views.pages\nfrom shop.views import a\n")
    write(tmp_path, "src/shop/forms.py", "from shop import views\n")
    write(tmp_path, "src/shop/models/broken.py", "def (:\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_forbidden_imports_are_found_however_they_are_written(shop: Path, run_command: Any) -> None:
    code, out, _ = run_command("repository", "architecture")
    assert code == 1
    assert sorted(line.split(" (")[0] for line in out.splitlines() if line.startswith("[FAIL]")) == [
        "[FAIL] src/shop/models/__init__.py:2: shop.views",
        "[FAIL] src/shop/models/carts.py:2: shop.views.pages",
        "[FAIL] src/shop/models/carts.py:3: shop.views.a",
    ]
    assert run_command("repository", "architecture", "src/shop/forms.py")[0] == 0


@pytest.mark.parametrize(
    ("path", "module"),
    [("src/a/b.py", "a.b"), ("a/__init__.py", "a"), ("a/b/__init__.py", "a.b"), ("b.py", "b"), ("src.py", "src")],
)
def test_a_module_is_called_as_it_is_imported(path: str, module: str) -> None:
    assert module_of(Path(path)) == module


def test_a_repository_with_contracts_is_held_to_them_by_its_own_linter(shop: Path, run_command: Any) -> None:
    write(shop, ".importlinter", "[importlinter]\nroot_package = shop\n")
    write(shop, ".venv/bin/lint-imports", "#!/bin/sh\necho in $(basename $PWD): a contract is broken\nexit 1\n")
    (shop / ".venv" / "bin" / "lint-imports").chmod(0o755)
    code, out, _ = run_command("repository", "architecture")
    assert (code, "a contract is broken" in out) == (1, True)


def test_without_the_linter_that_is_said_and_nothing_passes(
    shop: Path, run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(shop, "setup.cfg", "[importlinter]\nroot_package = shop\n")
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = run_command("repository", "architecture")
    assert (code, "no lint-imports" in err) == (2, True)


@pytest.mark.parametrize("text", ['[tool.handrail]\nforbid = ["a -> b"]\n', RULES.replace("->", "to"), "[tool"])
def test_settings_that_mean_nothing_are_refused(shop: Path, run_command: Any, text: str) -> None:
    write(shop, "pyproject.toml", text)
    code, _, err = run_command("repository", "architecture")
    assert (code, "pyproject.toml" in err) == (2, True)


def test_secrets_are_found_by_their_shape_and_never_told(shop: Path, run_command: Any) -> None:
    url = "postgresql://dana:" + "tr0ub4dor3x" + "@db/shop"
    write(shop, "settings.py", f"import os\nTOKEN = '{TOKEN}'\nPASSWORD = os.environ['PASSWORD']\nURL = '{url}'\n")
    write(shop, "example.py", f"TOKEN = '{TOKEN}'  # handrail: no secret\nURL = 'postgresql://dana:<password>@db'\n")
    (shop / "image.png").write_bytes(b"\x89PNG\xff" + TOKEN.encode())
    code, out, _ = run_command("repository", "secrets")
    assert code == 1
    assert [line.rpartition(":")[0] for line in out.splitlines() if line.startswith("[FAIL]")] == [
        "[FAIL] settings.py:2",
        "[FAIL] settings.py:4",
    ]
    assert TOKEN not in out
    assert "tr0ub" not in out
    assert run_command("repository", "secrets", "example.py")[0] == 0
    assert run_command("repository", "secrets", "/etc/hostname")[0] == 2


def test_tests_run_as_the_repository_says_and_their_end_counts(shop: Path, run_command: Any) -> None:
    for status in (0, 3):
        write(shop, "pyproject.toml", f"[tool.handrail]\ntest = \"{sys.executable} -c 'raise SystemExit({status})'\"\n")
        assert run_command("repository", "tests")[0] == (1 if status else 0)
    write(shop, "pyproject.toml", "")
    code, _, err = run_command("repository", "tests")
    assert (code, "how its tests run" in err) == (2, True)


def test_without_a_word_tests_run_as_is_usual_for_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "Cargo.toml", "")
    assert testing.test_command(tmp_path, Wishes()) == "cargo test"
    write(tmp_path, "tests/test_a.py", "")
    assert testing.test_command(tmp_path, Wishes()) == "python3 -m pytest -q"
    write(tmp_path, "package.json", '{"scripts": {"test": "vitest"}}')
    assert testing.test_command(tmp_path, Wishes()) == "npm test"
    write(tmp_path, "Makefile", "testing:\n\ttrue\n")
    assert testing.test_command(tmp_path, Wishes()) == "npm test"
    write(tmp_path, "Makefile", ".PHONY: test\ntest: all  ## run\n\ttrue\n")
    assert testing.test_command(tmp_path, Wishes()) == "make test"
    assert testing.test_command(tmp_path, Wishes(test="tox")) == "tox"
