"""Diagnoses of real containers of a real engine, each state and fault made for the purpose."""

import subprocess
import time
from typing import Any

import docker
import pytest

from dockerdebug.collection import collect
from tests.patience import comes_back
from tests.services import docker_engine
from tests.services.containers import diagnose, keys, statuses
from tests.services.docker_engine import BUSYBOX, DISTROLESS, PYTHON

pytestmark = pytest.mark.services
SLEEP = ["python", "-u", "-c", "import time; time.sleep(1e6)"]
SITE = f"/usr/local/lib/python{'.'.join(map(str, __import__('sys').version_info[:2]))}/site-packages"


def package(name: str, version: str, *requires: str) -> dict[str, str]:
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {item}" for item in requires)]
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": "\n".join(lines) + "\n"}


def test_a_healthy_container_passes_every_check_by_one_exec(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    execs = []
    from dockerdebug import execution

    real = execution.run
    monkeypatch.setattr(execution, "run", lambda *args, **more: (execs.append(1), real(*args, **more))[1])
    container = run(PYTHON, SLEEP, files=package("flask", "3.1"))
    facts, report = diagnose(container)
    assert (keys(report), report.passed, len(execs)) == ([], 7, 1)
    assert facts.python
    assert [(item.name, item.version) for item in facts.python.distributions or ()] == [("flask", "3.1")]
    assert facts.seconds < 5


def test_nothing_is_left_in_the_container(run: Any) -> None:
    container = run(PYTHON, ["python", "-u", "-B", "-c", "import time; time.sleep(1e6)"])
    time.sleep(0.3)
    before = container.diff()
    diagnose(container)
    assert container.diff() == before
    assert len(container.top()["Processes"]) == 1


def test_a_container_without_python(run: Any) -> None:
    _, report = diagnose(run(BUSYBOX, ["sleep", "1000000"]))
    assert keys(report) == ["python_missing"]
    assert statuses(report)["environment_variables"] == "passed"
    assert report.not_run == 6


def test_a_container_without_a_shell(run: Any) -> None:
    facts, report = diagnose(run(DISTROLESS, ["-u", "-c", "import time; time.sleep(1e6)"]))
    assert (facts.outcome, keys(report), report.passed) == ("ran", [], 7)


def test_a_stopped_container_is_read_from_its_files_and_log(run: Any) -> None:
    container = run(PYTHON, ["python", "-c", "import flask"], files=package("app", "1.0", "jinja2>=3"))
    container.wait(timeout=240)
    facts, report = diagnose(container)
    assert facts.outcome == "read"
    assert keys(report) == ["module_not_found", "dependency_missing", "container_stopped"]
    assert statuses(report) == {
        "python_version": "passed",
        "python_path": "passed",
        "installed_packages": "failed",
        "environment_variables": "passed",
        "pip_config": "passed",
        "sys_path": "not_run",
        "venv_status": "passed",
    }


def test_a_container_that_was_never_started(run: Any) -> None:
    facts, report = diagnose(run(PYTHON, SLEEP, files=package("flask", "3.1"), start=False))
    assert (facts.outcome, keys(report), report.passed) == ("read", ["container_created"], 6)


def test_a_paused_container(run: Any) -> None:
    container = run(PYTHON, SLEEP)
    container.pause()
    facts, report = diagnose(container)
    container.unpause()
    assert (facts.outcome, keys(report)) == ("read", ["container_paused"])
    assert {check.result for check in report.checks if check.status == "not_run"} == {
        "not run, because the container is paused"
    }


def test_a_stopped_container_without_python(run: Any) -> None:
    container = run(BUSYBOX, ["true"], start=False)
    _, report = diagnose(container)
    assert keys(report) == ["python_missing", "container_created"]


def test_a_start_up_that_hangs_is_named_and_leaves_no_process(run: Any) -> None:
    hangs = {f"{SITE}/sitecustomize.py": "import time; time.sleep(1000)"}
    container = run(PYTHON, ["sleep", "1000000"], files=hangs)
    facts, report = diagnose(container)
    assert "probe_timeout" in keys(report)
    assert facts.python
    assert facts.seconds < 5
    assert len(container.top()["Processes"]) == 1


def test_an_interpreter_that_hangs_before_it_starts_is_killed(run: Any) -> None:
    fake = {"/bin/python3": "#!/bin/sh\nsleep 1000\n"}
    container = run(BUSYBOX, ["sleep", "1000000"], files=fake, init=False)
    _, report = diagnose(container)
    assert "probe_timeout" in keys(report)
    assert [row[-1] for row in container.top()["Processes"] if "defunct" not in row[-1]] == ["sleep 1000000"]


def test_a_missing_container_names_near_ones(run: Any) -> None:
    run(BUSYBOX, ["sleep", "1000000"], name="handrail-shop-api")
    facts, report = diagnose("handrail-shop-apy")
    assert keys(report) == ["container_missing"]
    assert facts.problem
    assert "handrail-shop-api" in facts.problem.fix


def test_faults_inside_are_named(run: Any) -> None:
    files = {
        **package("app", "1.0", "flask>=3", "colorama; sys_platform == 'win32'"),
        **package("Flask", "2.3"),
        "/app/random.py": "",
        "/etc/pip.conf": "[global]\nindex-url = http://robot:hunter22@mirror.corp/simple\n",
        "/opt/venv/pyvenv.cfg": "home = /usr/local/bin\nversion = 3.11.7\n",
    }
    environment = {"PYTHONPATH": "/gone", "SSL_CERT_FILE": "/nowhere.pem", "API_TOKEN": "hunter2-and-more"}
    container = run(
        PYTHON, ["python", "-m", "http.server", "9"], files=files, environment=environment, working_dir="/app"
    )
    _, report = diagnose(container)
    assert set(keys(report)) == {
        "ca_certs_missing",
        "dependency_conflict",
        "pip_index_insecure",
        "pythonpath_missing_dir",
        "secret_in_env",
        "shadowed_stdlib",
        "stdout_buffered",
        "venv_not_active",
    }
    text = str(report)
    assert "hunter2-and-more" not in text
    assert "hunter22" not in text


def test_a_broken_home_is_found_from_outside(run: Any) -> None:
    _, report = diagnose(run(PYTHON, ["sleep", "1000000"], environment={"PYTHONHOME": "/app"}))
    assert keys(report)[0] == "pythonhome_invalid"


def test_a_command_that_is_not_there(run: Any) -> None:
    container = run(PYTHON, ["/no/such/program"], start=False)
    with pytest.raises(docker.errors.APIError):
        container.start()
    _, report = diagnose(container)
    assert keys(report)[0] == "entrypoint_not_found"


def test_a_container_that_keeps_restarting(run: Any) -> None:
    container = run(PYTHON, ["python", "-c", "import flask"], restart_policy={"Name": "always"})
    for _ in range(100):
        container.reload()
        if container.attrs["RestartCount"] >= 3:
            break
        time.sleep(0.1)
    _, report = diagnose(container)
    assert keys(report)[:2] == ["module_not_found", "restart_loop"]


def test_the_containers_user_is_the_probes_user(run: Any) -> None:
    facts, report = diagnose(run(PYTHON, SLEEP, user="1000", read_only=True))
    assert facts.outcome == "ran"
    assert keys(report) == ["tmp_not_writable"]


def test_a_refusing_proxy_leaves_the_files(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dockerdebug import execution
    from dockerdebug.refusals import CallRefused

    def refuse(*args: Any, **more: Any) -> None:
        raise CallRefused(403, "forbidden")

    monkeypatch.setattr(execution, "run", refuse)
    facts, report = diagnose(run(PYTHON, SLEEP, files=package("flask", "3.1")))
    assert facts.outcome == "read"
    assert "refuses" in facts.why_not
    assert (report.passed, report.not_run) == (6, 1)


@pytest.mark.django_db
def test_the_same_through_rest_and_command(run: Any, api: Any, run_command: Any, reader: Any) -> None:
    run(PYTHON, SLEEP, name="handrail-test-api")
    listed = reader.get("/api/v1/dockerdebug/containers").json()
    assert ("handrail-test-api", "running") in [(row["name"], row["state"]) for row in listed]
    answer = api.post("/api/v1/dockerdebug/diagnoses?wait=true", {"container": "handrail-test-api"}).json()
    assert (answer["status"], answer["passed"], answer["image"]) == ("finished", 7, PYTHON)
    code, out, _ = run_command("dockerdebug", "handrail-test-api")
    assert (code, "7 of 7 checks passed." in out) == (0, True)


def test_health_finds_the_engine(engine: docker.DockerClient) -> None:
    from dockerdebug import health

    (check,) = health.checks()
    assert check.status == "ok"


def test_an_engine_that_stops_answering_is_left_in_time(run: Any) -> None:
    """SIGSTOP stands for an engine that hangs with its socket open."""
    container = run(BUSYBOX, ["sleep", "1000000"])
    pid = int((docker_engine.HOME / "dockerd.pid").read_text())
    subprocess.run(["kill", "-STOP", str(pid)], check=True)
    try:
        with comes_back():
            facts = collect(container.name, seconds=2)
    finally:
        subprocess.run(["kill", "-CONT", str(pid)], check=True)
    assert facts.problem
    assert facts.problem.key == "engine_timeout"
