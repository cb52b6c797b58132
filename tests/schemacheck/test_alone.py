"""`handrail schemacheck` without the service, and the hooks that pre-commit installs with nothing else."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from schemacheck import alone
from tests.project.sources import ROOT

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
BAD = "CREATE TABEL t (id int);\n"


@pytest.mark.parametrize(
    ("words", "can"),
    [
        (["a.sql"], True),
        ([], True),
        (["--migrations", "shop"], False),
        (["--live"], False),
        (["a.sql", "--database=default"], False),
        (["a.sql", "--probe"], False),
        (["--django", "manage.py", "--database", "default"], True),
        (["--alembic", "alembic.ini", "--current"], True),
        (["--django=manage.py", "--settings", "site.settings"], True),
    ],
)
def test_only_what_asks_a_database_of_the_settings_needs_the_service(words: list[str], can: bool) -> None:
    assert alone.can_answer(words) is can


def answered(folder: Path, *words: str, script: str | None = None) -> tuple[int, str, str]:
    """The command in a process of its own that ends with the modules it has, with nothing in its environment."""
    telling = "import atexit, sys; atexit.register(lambda: print('MODULES', *sys.modules, file=sys.stderr)); "
    running = f"sys.argv = ['handrail', *sys.argv[1:]]; sys.path.insert(0, {str(ROOT)!r}); "
    program = f"{telling}{running}from config.entry.front import handrail; handrail(sys.argv)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home")},
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    said, _, modules = done.stderr.rpartition("MODULES ")
    assert not {name.partition(".")[0] for name in modules.split()} & {"django", "psycopg", "celery", "rapidfuzz"}
    assert not {"config.settings", "config.environment"} & set(modules.split())
    assert not (folder / "home").exists()
    return done.returncode, done.stdout, said


def test_files_are_judged_with_the_exit_codes_of_the_service_and_without_django(tmp_path: Path) -> None:
    (tmp_path / "good.sql").write_text("CREATE TABLE t (id bigint PRIMARY KEY);\n")
    (tmp_path / "bad.sql").write_text(BAD)
    assert answered(tmp_path, "schemacheck", "good.sql")[0] == 0
    code, out, _ = answered(tmp_path, "schemacheck", "--json", "bad.sql")
    assert (code, json.loads(out)["statements"][0]["errors"][0]["sqlstate"]) == (1, "42601")
    code, out, said = answered(tmp_path, "schemacheck", "missing.sql")
    assert (code, "missing.sql cannot be read" in said) == (2, True)
    assert answered(tmp_path, "schemacheck", script=BAD)[0] == 1
    assert answered(tmp_path, "schemacheck", "--dialect", "sqlite", "good.sql")[0] == 0
    code, _, said = answered(tmp_path, "schemacheck", "good.sql", "--write-baseline")
    assert (code, "needs --baseline FILE" in said) == (2, True)


def test_a_secret_of_a_script_is_in_no_answer(tmp_path: Path) -> None:
    (tmp_path / "user.sql").write_text("ALTER USER app PASSWORD 'hunter2hunter2' NO SUCH;\n")
    for form in ("text", "json", "sarif", "github", "gitlab", "junit"):
        code, out, said = answered(tmp_path, "schemacheck", "--format", form, "user.sql")
        assert code == 1
        assert "hunter2" not in out + said


def test_a_hook_of_pre_commit_brings_its_own_environment_and_judges_what_changed(tmp_path: Path) -> None:
    hook = HOOKS["schemacheck-sql"]
    assert (hook["language"], hook["types"]) == ("python", ["sql"])
    program, *words = hook["entry"].split()
    assert program == "handrail"
    (tmp_path / "bad.sql").write_text(BAD)
    assert answered(tmp_path, *words, "bad.sql")[0] == 1


def test_the_hook_for_django_names_the_project_and_is_given_its_migrations(tmp_path: Path) -> None:
    hook = HOOKS["schemacheck-django"]
    assert hook["language"] == "python"
    assert re.search(hook["files"], "shop/migrations/0002_more.py")
    assert not re.search(hook["files"], "shop/models.py")
    _, *words = hook["entry"].split()
    code, _, said = answered(tmp_path, *words, "shop/migrations/0002_more.py")
    assert (code, "There is no manage.py at manage.py" in said) == (2, True)
