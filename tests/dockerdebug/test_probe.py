"""The program that runs inside: what it needs, and what it finds in environments made for it."""

import ast
import json
import os
import subprocess
import sys
import venv
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from dockerdebug.collection import PROBE
from dockerdebug.facts import Access, Distribution, PathEntry, PythonFacts, Search, Startup, Venv
from dockerdebug.reading import cut_answer, read_probe

SOURCE = PROBE.read_text()


def probe(
    *,
    python: str = sys.executable,
    mode: str = "machine",
    cwd: Path | None = None,
    seconds: float = 3,
    **environment: str,
) -> PythonFacts:
    command = [python, "-I", "-S", "-B", "-c", SOURCE, "MARK", mode, str(seconds)]
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd, timeout=240, check=True)
    answer = cut_answer(done.stdout, "MARK")
    assert answer, done.stderr
    facts, seen = read_probe(answer)
    assert facts.errors == {}
    assert set(environment) <= set(seen)
    return facts


def test_it_writes_the_fields_that_are_read_and_no_others() -> None:
    """Nothing translates between the two: a field renamed on one side only would be empty from then on."""
    command = [sys.executable, "-I", "-S", "-B", "-c", SOURCE, "MARK", "container", "3", '{"files": ["/etc/passwd"]}']
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    answer = json.loads(cut_answer(done.stdout, "MARK") or "")
    python = answer.pop("python")
    assert set(answer) == {"schema", "environ"}
    for kind, written in [
        (PythonFacts, python),
        (Search, python["search"]),
        (Access, python["search"]["files"]["/etc/passwd"]),
        (Startup, python["startup"]),
        (Venv, python["venv"]),
        (PathEntry, python["path"][0]),
    ]:
        if written is not None:  # outside a virtual environment there is none to describe
            assert set(written) == {field.name for field in fields(kind)}, kind
    for item in python["distributions"]:
        assert set(item) <= {field.name for field in fields(Distribution)}


def test_a_working_directory_that_is_gone_costs_only_what_needs_one(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    command = [sys.executable, "-I", "-S", "-B", "-c", SOURCE, "MARK", "machine", "3"]
    done = subprocess.run(
        ["sh", "-c", script, "sh", str(gone), *command], capture_output=True, text=True, timeout=240, check=True
    )
    facts, _ = read_probe(cut_answer(done.stdout, "MARK") or "")
    assert "shadows" in facts.errors
    assert facts.version
    assert facts.distributions


def test_it_is_python_3_6() -> None:
    ast.parse(SOURCE, feature_version=(3, 6))
    newer = {"removeprefix", "removesuffix", "capture_output", "walrus", "cached_property"}
    assert not newer & {node.attr for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Attribute)}


def test_it_imports_only_what_costs_nothing() -> None:
    imported = {alias.name for node in ast.parse(SOURCE).body if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"json", "os", "select", "signal", "sys", "time"}


def test_it_fits_into_one_argument() -> None:
    assert len(SOURCE.encode()) < 100_000  # Linux allows 131,072


def test_it_describes_the_interpreter_that_runs_it() -> None:
    facts = probe()
    assert facts.version == ".".join(map(str, sys.version_info[:3]))
    assert facts.executable == sys.executable
    assert facts.distributions
    assert {"django", "docker", "celery"} <= {item.key for item in facts.distributions}
    assert facts.startup
    assert facts.startup.ok
    assert (facts.startup.prefix, facts.startup.stdout) == (sys.prefix, "utf-8")
    assert facts.markers["python_version"] == facts.minor


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without pip."""
    root = tmp_path_factory.mktemp("env") / "venv"
    venv.create(root, symlinks=True, with_pip=False)
    return root


def site(root: Path) -> Path:
    return root / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def test_it_sees_the_virtual_environment_and_its_packages(environment: Path) -> None:
    info = site(environment) / "shop_api-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: shop-api\nVersion: 1.2\nRequires-Dist: flask>=3\n\nRequires-Dist: not this\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (site(environment) / "~hop-1.0.dist-info").mkdir()
    (site(environment) / "empty-1.0.dist-info").mkdir()
    facts = probe(python=str(environment / "bin/python"), VIRTUAL_ENV=str(environment))
    assert facts.venv
    assert facts.venv == facts.named_venv
    assert (facts.venv.root, facts.venv.home_exists) == (str(environment), True)
    (found,) = [item for item in facts.distributions or () if item.name == "shop-api"]
    assert (found.version, found.requires, found.tags) == ("1.2", ("flask>=3",), ("py3-none-any",))
    assert [Path(path).name for path in facts.invalid] == ["empty-1.0.dist-info", "~hop-1.0.dist-info"]


def test_it_sees_links_that_lead_nowhere_and_scripts_without_interpreter(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/nowhere/python3")
    (tmp_path / "pyvenv.cfg").write_text("home = /nowhere\n")
    other = tmp_path / "usr" / "bin"
    other.mkdir(parents=True)
    (other / "python").symlink_to("/nowhere/python3")  # no environment: PATH goes on to the next
    script = environment / "bin" / "serve"
    script.write_text("#!/build/venv/bin/python\n")
    facts = probe(python=str(environment / "bin/python"), PATH=f"{tmp_path}/bin:{other}")
    assert facts.dangling == ((str(tmp_path / "bin/python"), "/nowhere/python3"),)
    assert facts.broken_scripts == ((str(script), "/build/venv/bin/python"),)


def test_it_sees_a_broken_pythonhome_and_works_in_spite_of_it(tmp_path: Path) -> None:
    facts = probe(PYTHONHOME=str(tmp_path))
    assert facts.startup
    assert not facts.startup.ok
    assert not facts.startup.timed_out
    assert "encodings" in facts.startup.noise
    assert facts.distributions is not None


def test_a_start_up_that_hangs_is_ended_in_time(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(60)")
    facts = probe(PYTHONPATH=str(tmp_path), seconds=0.6)
    assert facts.startup
    assert facts.startup.timed_out
    assert facts.path


def test_a_start_up_that_speaks_is_told_apart_from_the_answer(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('\\x01MARK{}\\x01 hello')")
    facts = probe(PYTHONPATH=str(tmp_path))
    assert facts.startup
    assert facts.startup.ok
    assert "hello" in facts.startup.noise


def test_it_sees_files_that_hide_standard_modules_and_no_others(tmp_path: Path) -> None:
    for name in ("random.py", "queue.txt", "randomly.py", "sys.py", "test_random.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "__init__.py").write_text("")
    (tmp_path / "json").mkdir()
    facts = probe(cwd=tmp_path)
    assert [name for name, _ in facts.shadows] == ["email", "random"]


def test_it_reads_pip_configuration_and_missing_places(tmp_path: Path) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = http://mirror.corp/simple\n")
    facts = probe(PIP_CONFIG_FILE=str(settings), SSL_CERT_FILE="/nowhere.pem", HOME=str(tmp_path))
    assert facts.pip_files
    assert "mirror.corp" in {file.path: file.content for file in facts.pip_files}[str(settings)]
    assert facts.missing_places == {"SSL_CERT_FILE": "/nowhere.pem"}


def test_it_finds_whose_pip_this_is(environment: Path, tmp_path: Path) -> None:
    pip = tmp_path / "pip"
    pip.write_text(f"#!{environment}/bin/python\n")
    pip.chmod(0o755)
    facts = probe(PATH=f"{tmp_path}:{Path(sys.executable).parent}")
    assert facts.pip_identity == str(environment)
    assert facts.pip_identity != facts.python_identity


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    probe(cwd=tmp_path, HOME=str(tmp_path), TMPDIR=str(tmp_path))
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("argv", "script"),
    [
        (["python", "main.py"], "main.py"),
        (["/usr/bin/python3.11", "-u", "-X", "dev", "src/main.py", "serve"], "src/main.py"),
        (["python", "-m", "shop"], ""),
        (["python", "-um", "shop"], ""),
        (["python", "-c", "pass"], ""),
        (["sleep", "1"], ""),
        ([], ""),
    ],
)
def test_it_knows_the_script_of_a_command_line(argv: list[str], script: str) -> None:
    names: dict[str, Any] = {"__name__": "probe"}
    exec(compile(SOURCE, "probe", "exec"), names)
    assert names["script_of"](argv) == script


def test_nothing_found_is_not_the_same_as_not_read() -> None:
    python = {"version": "3.11.7", "distributions": [], "pip_files": []}
    facts, _ = read_probe(json.dumps({"schema": 1, "python": python, "environ": {}}))
    assert (facts.distributions, facts.pip_files) == ((), ())
    facts, _ = read_probe(json.dumps({"schema": 1, "python": {"version": "3.11.7"}, "environ": {}}))
    assert (facts.distributions, facts.pip_files) == (None, None)
