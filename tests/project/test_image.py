"""The image starts as fast as it can, its user may compile nothing there; compose passes on what an operator sets."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
import yaml

from config.environment import checked_broker
from config.pages.manual.chapters import chapters
from tests.project.sources import ROOT

STEPS = re.split(r"\n(?=[A-Z]+ )", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def place(beginning: str) -> int:
    return next(number for number, step in enumerate(STEPS) if step.startswith(beginning))


def test_the_service_and_the_standard_library_are_compiled_by_who_may_write_them() -> None:
    [compiled] = [number for number, step in enumerate(STEPS) if "compileall" in step]
    assert place("COPY . .") < compiled < place("USER")
    assert 'get_path("stdlib")' in STEPS[compiled]
    assert STEPS[compiled].rstrip().endswith(" .")


def test_the_image_is_the_command_and_serves_when_nothing_else_is_asked() -> None:
    assert STEPS[place("ENTRYPOINT")].split(" ", 1)[1].startswith('["handrail"]')
    assert STEPS[place("CMD")].strip() == 'CMD ["up"]'
    [link] = [step for step in STEPS if step.startswith("RUN ln -s")]
    _, _, _, target, name = link.split()
    assert name == "/usr/local/bin/handrail"
    program = ROOT / target.removeprefix("/app/")
    assert os.access(program, os.X_OK)
    assert program.read_text().startswith("#!/usr/bin/env python\n")


def test_the_link_of_the_image_runs_from_any_folder_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "handrail").symlink_to(ROOT / "config/entry/__main__.py")
    (tmp_path / "bad.sql").write_text("CREATE TABEL t (id int);\n")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [tmp_path / "handrail", "schemacheck", "bad.sql", "missing.sql"],
        cwd=tmp_path,
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "42601" in done.stdout) == (2, True), done.stderr
    usage = subprocess.run(
        [tmp_path / "handrail", "schemacheck", "--no-such"],
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert usage.stderr.startswith("usage: handrail schemacheck")


def test_nothing_tells_python_to_do_without_bytecode() -> None:
    assert not [step for step in STEPS if "PYTHONDONTWRITEBYTECODE" in step and not step.startswith("#")]


def test_the_image_holds_the_manual() -> None:
    left_out = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    wanted = {chapter.path.partition("/")[0] for chapter in chapters().values()}
    assert {"docs", "README.md", "audit"} <= wanted
    assert not wanted & {line.strip("/") for line in left_out}
    assert not [line for line in left_out if line.endswith(".md")]


SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
SERVICE = SERVICES["handrail"]


def test_compose_passes_every_setting_on_but_for_what_the_container_decides() -> None:
    assert SERVICE["env_file"] == [{"path": ".env", "required": False}]
    [own] = [step for step in STEPS if step.startswith("ENV")]
    decided = {name: value for name, value in re.findall(r"(\w+)=(\S+)", own) if name in {"HOST", "PORT", "DATA_DIR"}}
    assert {name: str(SERVICE["environment"][name]) for name in decided} == decided
    assert f"{decided['DATA_DIR']}" in [volume.partition(":")[2] for volume in SERVICE["volumes"]]
    asked = set(SERVICE["environment"]) - set(decided)
    assert asked == {"PUBLIC_URL", "DATABASE_URL", "PGPASSWORD", "HANDRAIL_COMMAND"}


def test_the_password_of_compose_is_no_part_of_an_address() -> None:
    """A `/` or `?` in it would end the host; tests/services/test_database_password.py signs in with such a one."""
    given = SERVICE["environment"]
    assert "POSTGRES_PASSWORD" not in given["DATABASE_URL"]
    assert given["PGPASSWORD"] == SERVICES["database"]["environment"]["POSTGRES_PASSWORD"]
    found = environ.Env.db_url_config(given["DATABASE_URL"])
    assert (found["USER"], found["HOST"], found["PASSWORD"]) == (
        SERVICES["database"]["environment"]["POSTGRES_USER"],
        "database",
        "",
    )


def test_redis_is_there_for_who_asks_for_it_and_for_nobody_else() -> None:
    assert SERVICES["redis"]["profiles"] == ["redis"]
    assert SERVICE["depends_on"]["redis"]["required"] is False
    said = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    [broker] = re.findall(r"CELERY_BROKER_URL=(\S+)", said)
    assert checked_broker(broker) == broker
    assert urlsplit(broker).hostname in SERVICES
