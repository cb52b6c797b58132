"""Looking for interpreters, modules and the container itself on a real engine, where the obvious place is empty."""

import threading
import time
from typing import Any

import pytest

from dockerdebug import execution
from dockerdebug.checks import Report
from tests.dockerdebug.makers import traceback
from tests.services.containers import diagnose, keys
from tests.services.docker_engine import BUSYBOX, PYTHON

pytestmark = pytest.mark.services
WAIT = ["sleep", "1000000"]
SLEEP = ["python", "-u", "-c", "import time; time.sleep(1e6)"]
FLASK = {"/srv/libs/flask/__init__.py": ""}
RAISES = """\
import sys
sys.path.insert(0, "/nowhere")
import flask
"""


def fix(report: Report, key: str = "module_not_found") -> str:
    (found,) = [finding for finding in report.findings if finding.key == key]
    return f"{found.evidence} {found.cause} {found.fix}"


@pytest.mark.parametrize("path", ["/app/bin", "", "relative"])
def test_a_path_that_leads_nowhere_hides_no_python(run: Any, path: str) -> None:
    container = run(PYTHON, ["/bin/sleep", "1000000"], environment={"PATH": path})
    facts, report = diagnose(container)
    assert (facts.outcome, facts.interpreter) == ("ran", "/usr/local/bin/python")
    assert "python_missing" not in keys(report)


def test_a_stopped_container_whose_path_leads_nowhere(run: Any) -> None:
    facts, report = diagnose(run(PYTHON, WAIT, environment={"PATH": "/app/bin"}, start=False))
    assert (facts.outcome, keys(report)) == ("read", ["container_created"])


def test_a_python_the_user_may_not_run_is_there(run: Any) -> None:
    """A file put into the image with mode 700 stands in for an interpreter in somebody's home."""
    shut = {"/root/python3": "#!/bin/sh\n"}
    container = run(BUSYBOX, WAIT, files=shut, environment={"PATH": "/bin:/root"}, user="1000")
    facts, report = diagnose(container)
    assert (facts.outcome, facts.found) == ("forbidden", "/root/python3")
    assert "python_forbidden" in keys(report)
    assert "python_missing" not in keys(report)


@pytest.mark.parametrize("when", ["before the probe", "while it runs"])
def test_a_container_that_is_removed_meanwhile_is_said_to_be(
    run: Any, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    container = run(PYTHON, SLEEP)
    real = execution.run

    def removing(*args: Any, **more: Any) -> Any:
        if when == "before the probe":
            container.remove(force=True)
        else:
            threading.Timer(0.05, lambda: container.remove(force=True)).start()
        return real(*args, **more)

    monkeypatch.setattr(execution, "run", removing)
    _, report = diagnose(container)
    if when == "before the probe":
        assert keys(report) == ["container_missing"]
        assert "removed while it was examined" in report.findings[0].cause
    # The probe may have answered first, or the engine may still know a container that it is about to remove.
    assert not {"python_broken", "python_missing"} & set(keys(report))
    assert not any("build" in finding.fix for finding in report.findings)


def test_a_container_that_ends_meanwhile_is_read_from_its_files(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    container = run(PYTHON, SLEEP)
    real = execution.run

    def killing(*args: Any, **more: Any) -> Any:
        container.kill()
        container.wait(timeout=240)
        return real(*args, **more)

    monkeypatch.setattr(execution, "run", killing)
    facts, report = diagnose(container)
    assert (facts.outcome, "python_broken" in keys(report)) == ("read", False)
    assert "container_stopped" in keys(report)


@pytest.mark.parametrize("lives", [True, False])
def test_a_module_in_a_folder_of_its_own_is_found(run: Any, lives: bool) -> None:
    program = "import time, traceback\ntry:\n    import flask\nexcept ImportError:\n    traceback.print_exc()\n    {}\n"
    after = "time.sleep(1e6)" if lives else "raise SystemExit(1)"
    container = run(PYTHON, ["python", "/code/main.py"], files={**FLASK, "/code/main.py": program.format(after)})
    time.sleep(1) if lives else container.wait(timeout=240)
    _, report = diagnose(container)
    assert "ENV PYTHONPATH=/srv/libs" in fix(report)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"/opt/tools/lib/python3.9/site-packages/flask/__init__.py": ""}, "Python 3.9"),
        ({"/root/.local/lib/python3.9/site-packages/flask.py": ""}, "Python 3.9"),
        ({"/code/requirements.txt": "Flask>=3\n"}, "install -r /code/requirements.txt"),
        ({"/code/readme.txt": "flask\n"}, "Add flask to the requirements"),
    ],
)
@pytest.mark.parametrize("lives", [True, False])
def test_what_the_files_say_of_a_missing_module(run: Any, files: dict[str, str], says: str, lives: bool) -> None:
    main = RAISES if not lives else f"import os, time\nif os.fork():\n    time.sleep(1e6)\n{RAISES}"
    container = run(PYTHON, ["python", "main.py"], files={**files, "/code/main.py": main}, working_dir="/code")
    time.sleep(1) if lives else container.wait(timeout=240)
    assert says in fix(diagnose(container)[1])


def test_a_quoted_traceback_of_another_container_is_no_finding(run: Any) -> None:
    quoted = traceback("ModuleNotFoundError: No module named 'flask'", "/elsewhere/main.py")
    container = run(PYTHON, ["python", "-u", "-c", f"import time; print({quoted!r}); time.sleep(1e6)"])
    time.sleep(1)
    facts, report = diagnose(container)
    assert "ModuleNotFoundError" in facts.logs
    assert keys(report) == []


def test_a_log_of_bytes_without_end_is_read_in_time(run: Any) -> None:
    container = run(
        PYTHON, ["python", "-c", "import os\nwhile True: os.write(1, os.urandom(65536).replace(b'\\n', b' '))"]
    )
    time.sleep(2)
    facts, report = diagnose(container)
    assert facts.outcome == "ran"
    assert "module_not_found" not in keys(report)
