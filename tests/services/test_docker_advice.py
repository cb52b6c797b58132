"""What findings advise, tried on a real engine: the command that verifies fails while the fault is there, or shows it,
and ends with 0 in a container made anew without the fault."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import docker
import pytest

from dockerdebug.collection import collect
from dockerdebug.facts import Facts
from dockerdebug.findings import RULES, Finding, judge
from tests.services import docker_engine
from tests.services.docker_engine import BUSYBOX, OURS, PYTHON

pytestmark = pytest.mark.services
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"/usr/local/lib/{VERSION}/site-packages"
SLEEP = ("python", "-u", "-c", "import time; time.sleep(1e6)")
WAIT = ("sleep", "1000000")
VENV = {"/opt/venv/pyvenv.cfg": f"home = /usr/local/bin\nversion = {sys.version.split()[0]}\n"}
LINK = "busybox mkdir -p /opt/venv/bin; busybox ln -sf /usr/local/bin/python3 /opt/venv/bin/python"
LIBRARY = f"busybox mkdir -p /opt/venv/lib/{VERSION}/site-packages"
NAME = "handrail-advice"


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a container is made: its image's files, what prepares them, its command and its options."""

    image: str = PYTHON
    command: tuple[str, ...] = SLEEP
    files: dict[str, str] = field(default_factory=dict)
    script: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    starts: bool = True
    then: Callable[[Any], None] = lambda container: None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A fault, and the same without it; with no `mended` the command shows the fault and cannot fail of it."""

    key: str
    faulty: Made
    mended: Made | None = None
    adjust: Callable[[Facts], Facts] = lambda facts: facts


def info(name: str, version: str, **headers: str) -> dict[str, str]:
    lines = [f"Name: {name}", f"Version: {version}", *(f"{key.replace('_', '-')}: {v}" for key, v in headers.items())]
    return {f"{SITE}/{name}-{version}.dist-info/METADATA": "\n".join(lines) + "\n"}


def python_program(*lines: str) -> dict[str, str]:
    return {"/code/main.py": "\n".join(lines) + "\n"}


def ended(container: Any) -> None:
    container.wait(timeout=240)


def refused(container: Any) -> None:
    with pytest.raises(docker.errors.APIError):
        container.start()


def until(condition: Callable[[Any], bool]) -> Callable[[Any], None]:
    def wait(container: Any) -> None:
        for _ in range(300):
            container.reload()
            if condition(container.attrs):
                return
            time.sleep(0.1)
        pytest.fail(f"the container did not come into the state: {container.attrs['State']}")

    return wait


MAIN = ("python", "/code/main.py")
SOCKET = str(docker_engine.SOCKET)
CHECKED = {"healthcheck": {"test": ["CMD", "curl", "http://127.0.0.1:9/health"], "interval": 1000000000, "retries": 1}}
WELL = {"healthcheck": {"test": ["CMD", "sh", "-c", "true"], "interval": 1000000000}}

COPY_A_LIBRARY = "busybox cp $(busybox find / -xdev -name 'libz.so*' | head -n 1) /usr/local/lib/libpq.so.5"
SHOP = {"/code/app/__init__.py": "", "/code/app/settings.py": "", "/code/app/main.py": "from app import settings\n"}


def user(name: str = "1000") -> dict[str, Any]:
    return {"user": name}


def environment(**variables: str) -> dict[str, Any]:
    return {"environment": variables}


TRIALS = [
    Trial(key="container_paused", faulty=Made(then=lambda container: container.pause()), mended=Made()),
    Trial(key="container_stopped", faulty=Made(command=("sh", "-c", "exit 3"), then=ended), mended=Made()),
    Trial(key="container_created", faulty=Made(starts=False), mended=Made()),
    Trial(
        key="restart_loop",
        faulty=Made(
            command=("sh", "-c", "exit 3"),
            options={"restart_policy": {"Name": "always"}},
            then=until(lambda attributes: attributes["RestartCount"] >= 6),
        ),
        mended=Made(options={"restart_policy": {"Name": "always"}}),
    ),
    Trial(
        key="oom_killed",
        faulty=Made(
            command=("python", "-c", "x = b'x' * 400000000"),
            options={"mem_limit": "32m", "memswap_limit": "32m"},
            then=ended,
        ),
        mended=Made(),
    ),
    Trial(
        key="healthcheck_failing",
        faulty=Made(options=CHECKED, then=until(lambda a: a["State"]["Health"]["Status"] == "unhealthy")),
        mended=Made(options=WELL, then=until(lambda a: a["State"]["Health"]["Status"] == "healthy")),
    ),
    Trial(
        key="exec_format_error",
        faulty=Made(command=("/entry",), files={"/entry": "exit 0\n"}, then=ended),
        mended=Made(command=("/entry",), files={"/entry": "#!/bin/sh\nexit 0\n"}, then=ended),
    ),
    Trial(
        key="entrypoint_not_found",
        faulty=Made(command=("/no/such",), starts=False, then=refused),
        mended=Made(command=("sh", "-c", "true"), then=ended),
    ),
    Trial(
        key="entrypoint_not_executable",
        faulty=Made(
            command=("/entry",),
            files={"/entry": "#!/bin/sh\n"},
            script="busybox chmod 644 /entry",
            starts=False,
            then=refused,
        ),
        mended=Made(command=("/entry",), files={"/entry": "#!/bin/sh\n"}, then=ended),
    ),
    Trial(
        key="docker_socket_mounted",
        faulty=Made(options={"volumes": [f"{SOCKET}:/var/run/docker.sock"]}),
        mended=Made(),
    ),
    Trial(
        key="shell_form_pid1",
        faulty=Made(command=("sh", "-c", "sleep 1000000; true")),
        mended=Made(command=WAIT),
    ),
    Trial(
        key="mount_hides_packages",
        faulty=Made(options={**environment(VIRTUAL_ENV="/app/.venv"), "volumes": ["/tmp:/app:ro"]}),
        mended=Made(
            script="busybox mkdir -p /app/.venv/bin; busybox ln -s /usr/local/bin/python3 /app/.venv/bin/python",
            options=environment(VIRTUAL_ENV="/app/.venv"),
        ),
    ),
    Trial(
        key="module_not_found",
        faulty=Made(command=("python", "app/main.py"), files=SHOP, options={"working_dir": "/code"}, then=ended),
        mended=Made(
            command=("python", "app/main.py"),
            files=SHOP,
            changes=("ENV PYTHONPATH=/code",),
            options={"working_dir": "/code"},
            then=ended,
        ),
    ),
    Trial(
        key="shared_library_missing",
        faulty=Made(command=MAIN, files=python_program("import ctypes", "ctypes.CDLL('libpq.so.5')"), then=ended),
        mended=Made(
            command=MAIN,
            files=python_program(""),
            script=COPY_A_LIBRARY,
            then=ended,
        ),
    ),
    Trial(
        key="file_permission",
        faulty=Made(
            command=MAIN,
            files={**python_program("open('/data/x')"), "/data/x": ""},
            script="busybox chmod 600 /data/x",
            options=user(),
            then=ended,
        ),
        mended=Made(command=MAIN, files={**python_program(""), "/data/x": ""}, options=user(), then=ended),
    ),
    Trial(
        key="certificate_verify_failed",
        faulty=Made(
            command=MAIN,
            files=python_program(
                "import ssl", "raise ssl.SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')"
            ),
            then=ended,
        ),
        mended=Made(command=MAIN, files=python_program(""), then=ended),
    ),
    Trial(key="python_missing", faulty=Made(image=BUSYBOX, command=WAIT), mended=Made()),
    Trial(
        key="python_forbidden",
        faulty=Made(command=WAIT, script=f"busybox chmod 700 /usr/local/bin/{VERSION}", options=user()),
        mended=Made(command=WAIT, options=user()),
    ),
    Trial(
        key="python_broken",
        faulty=Made(image=BUSYBOX, command=WAIT, files={"/bin/python3": "#!/bin/sh\nexit 3\n"}),
        mended=Made(command=WAIT, script="busybox ln -s /usr/local/bin/python3 /bin/python3"),
    ),
    Trial(
        key="probe_timeout",
        faulty=Made(command=WAIT, files={f"{SITE}/sitecustomize.py": "import time; time.sleep(1000)"}),
        mended=Made(command=WAIT),
    ),
    Trial(key="python_eol", faulty=Made(), adjust=lambda facts: replace(facts, today=date(2036, 1, 1))),
    Trial(
        key="venv_broken",
        faulty=Made(
            files=VENV,
            script=LINK.replace("/usr/local/bin/python3", "/nowhere/python3"),
            options=environment(VIRTUAL_ENV="/opt/venv"),
        ),
        mended=Made(files=VENV, script=LINK, options=environment(VIRTUAL_ENV="/opt/venv")),
    ),
    Trial(
        key="venv_relocated",
        faulty=Made(
            command=("/opt/venv/bin/python", *SLEEP[1:]),
            files={**VENV, "/opt/venv/bin/serve": "#!/build/venv/bin/python\n"},
            script=LINK,
        ),
        mended=Made(files={**VENV, "/opt/venv/bin/serve": "#!/opt/venv/bin/python\n"}, script=LINK),
    ),
    Trial(
        key="venv_version_mismatch",
        faulty=Made(
            command=("/opt/venv/bin/python", *SLEEP[1:]),
            files=VENV,
            script=f"{LINK}; {LIBRARY.replace(VERSION, 'python3.5')}",
        ),
        mended=Made(files=VENV, script=f"{LINK}; {LIBRARY}"),
    ),
    Trial(
        key="venv_not_active",
        faulty=Made(files=VENV, script=f"{LINK}; {LIBRARY}", options=environment(VIRTUAL_ENV="/opt/venv")),
        mended=Made(
            files=VENV,
            script=f"{LINK}; {LIBRARY}",
            options=environment(VIRTUAL_ENV="/opt/venv", PATH="/opt/venv/bin:/usr/local/bin:/bin"),
        ),
    ),
    Trial(key="virtual_env_missing", faulty=Made(options=environment(VIRTUAL_ENV="/opt/venv")), mended=Made()),
    Trial(
        key="pip_python_mismatch",
        faulty=Made(
            files={**VENV, "/bin/pip": "#!/opt/venv/bin/python\nprint('pip 24 from /opt/venv')\n", **info("pip", "24")},
            script=LINK,
        ),
    ),
    Trial(
        key="externally_managed",
        faulty=Made(files={f"/usr/local/lib/{VERSION}/EXTERNALLY-MANAGED": ""}),
        mended=Made(
            files={**VENV, f"/usr/local/lib/{VERSION}/EXTERNALLY-MANAGED": ""},
            script=f"{LINK}3; {LIBRARY}",
            options=environment(PATH="/opt/venv/bin:/usr/local/bin:/bin"),
        ),
    ),
    Trial(
        key="dependency_missing",
        faulty=Made(files=info("app", "1.0", Requires_Dist="flask>=3")),
        mended=Made(files={**info("app", "1.0", Requires_Dist="flask>=3"), **info("flask", "3.1")}),
    ),
    Trial(
        key="dependency_conflict",
        faulty=Made(files={**info("app", "1.0", Requires_Dist="flask>=3"), **info("flask", "2.3")}),
    ),
    Trial(key="python_unsupported", faulty=Made(files=info("app", "1.0", Requires_Python="<3"))),
    Trial(
        key="wheel_wrong_platform",
        faulty=Made(files={**info("app", "1.0"), f"{SITE}/app-1.0.dist-info/WHEEL": "Tag: cp36-cp36m-win_amd64\n"}),
    ),
    Trial(
        key="duplicate_distribution",
        faulty=Made(files={**info("flask", "2.3"), **info("Flask", "3.1")}),
        mended=Made(files=info("flask", "3.1")),
    ),
    Trial(
        key="invalid_distribution",
        faulty=Made(files={f"{SITE}/~lask-3.0.dist-info/METADATA": "Name: flask\nVersion: 3.0\n"}),
        mended=Made(files=info("flask", "3.1")),
    ),
    Trial(
        key="invalid_distribution",
        faulty=Made(files={f"{SITE}/flask-3.1.dist-info/METADATA": "\n"}),
        mended=Made(files=info("flask", "3.1")),
    ),
    Trial(key="pythonhome_invalid", faulty=Made(command=WAIT, options=environment(PYTHONHOME="/app")), mended=Made()),
    Trial(
        key="site_startup_fault",
        faulty=Made(command=WAIT, files={f"{SITE}/a.pth": "import no_such_module\n"}),
        mended=Made(command=WAIT),
    ),
    Trial(
        key="shadowed_stdlib",
        faulty=Made(files={"/code/random.py": ""}, options={"working_dir": "/code"}),
        mended=Made(files={"/code/chance.py": ""}, options={"working_dir": "/code"}),
    ),
    Trial(
        key="pythonpath_missing_dir",
        faulty=Made(options=environment(PYTHONPATH="/gone")),
        mended=Made(options=environment(PYTHONPATH="/code"), files={"/code/x": ""}),
    ),
    Trial(
        key="pythonpath_other_version",
        faulty=Made(options=environment(PYTHONPATH="/usr/lib/python3.5/site-packages")),
        mended=Made(),
    ),
    Trial(
        key="site_packages_unreadable",
        faulty=Made(files=info("app", "1.0"), script=f"busybox chmod 700 {SITE}", options=user()),
        mended=Made(files=info("app", "1.0"), options=user()),
    ),
    Trial(
        key="site_packages_unreadable",
        faulty=Made(files=info("app", "1.0"), script=f"busybox chmod 700 {SITE}/app-1.0.dist-info", options=user()),
        mended=Made(files=info("app", "1.0"), script=f"busybox chmod -R a+rX {SITE}", options=user()),
    ),
    Trial(
        key="stdout_buffered",
        faulty=Made(command=("python", "-c", "import time; time.sleep(1e6)")),
        mended=Made(options=environment(PYTHONUNBUFFERED="1")),
    ),
    Trial(
        key="secret_in_env", faulty=Made(options=environment(STRIPE_API_KEY="rk_live_0123456789abcdef")), mended=Made()
    ),
    Trial(
        key="locale_not_utf8",
        faulty=Made(options=environment(PYTHONIOENCODING="latin-1")),
        mended=Made(options=environment(PYTHONIOENCODING="utf-8")),
    ),
    Trial(key="ca_certs_missing", faulty=Made(options=environment(SSL_CERT_FILE="/nowhere.pem")), mended=Made()),
    Trial(
        key="proxy_loopback",
        faulty=Made(options=environment(HTTPS_PROXY="http://127.0.0.1:3128")),
        mended=Made(options=environment(HTTPS_PROXY="http://host.docker.internal:3128")),
    ),
    Trial(
        key="pip_index_insecure",
        faulty=Made(files={"/etc/pip.conf": "[global]\nindex-url = http://mirror.corp/simple\n"}),
        mended=Made(files={"/etc/pip.conf": "[global]\nindex-url = https://mirror.corp/simple\n"}),
    ),
    Trial(
        key="pip_index_insecure",
        faulty=Made(options=environment(PIP_TRUSTED_HOST="mirror.corp")),
        mended=Made(),
    ),
    Trial(
        key="tmp_not_writable",
        faulty=Made(options={**user(), "read_only": True}),
        mended=Made(options={**user(), "read_only": True, "tmpfs": {"/tmp": "mode=1777"}}),
    ),
]


@pytest.fixture
def make(engine: docker.DockerClient) -> Iterator[Callable[[Made], Any]]:
    """Builds the image a container is made of and makes it, in place of the one before; removes all afterwards."""

    def remove() -> None:
        for container in engine.containers.list(all=True, filters={"name": NAME}):
            container.remove(force=True)

    def built(made: Made) -> str:
        stage = engine.containers.create(made.image, ["sh", "-c", made.script or "true"], network_mode="none", user="0")
        if made.files:
            stage.put_archive("/", docker_engine.files_in(made.files))
        stage.start()
        assert stage.wait(timeout=240)["StatusCode"] == 0, stage.logs()
        stage.commit(repository=NAME, tag="1", changes=list(made.changes))
        stage.remove()
        return f"{NAME}:1"

    def make_one(made: Made) -> Any:
        remove()
        container = engine.containers.create(
            built(made),
            list(made.command),
            name=NAME,
            labels=OURS,
            network_mode="none",
            stop_signal="SIGKILL",
            **made.options,
        )
        if made.starts:
            container.start()
        made.then(container)
        return container

    yield make_one
    remove()
    engine.images.prune(filters={"dangling": True})  # of the tests' own engine


def verified(command: str) -> tuple[int, str]:
    """A person runs it in a shell of the host."""
    env = {**os.environ, "DOCKER_HOST": docker_engine.ADDRESS}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=env, timeout=240, check=False)
    return done.returncode, done.stdout + done.stderr


def found(trial: Trial) -> Finding:
    facts = trial.adjust(collect(NAME))
    findings = judge(facts)
    (first, *_) = [finding for finding in findings if finding.key == trial.key] or pytest.fail(
        f"{[finding.key for finding in findings]}; {facts.outcome}; {facts.why_not}; {facts.logs[-500:]}"
    )
    return first


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.key)
def test_what_verifies_a_finding_tells_the_fault_from_its_absence(trial: Trial, make: Callable[[Made], Any]) -> None:
    make(trial.faulty)
    finding = found(trial)
    code, said = verified(finding.verify)
    if trial.mended is None:
        assert code or said.strip(), finding.verify
        assert "rror response from daemon" not in said, finding.verify
        return
    assert code != 0, (finding.verify, said)
    make(trial.mended)
    assert verified(finding.verify)[0] == 0, (finding.verify, verified(finding.verify))


def test_every_finding_is_tried() -> None:
    assert set(RULES) == {trial.key for trial in TRIALS}


def test_packages_the_user_may_not_read_are_not_called_leftovers(make: Callable[[Made], Any]) -> None:
    make(Made(files=info("app", "1.0"), script=f"busybox chmod 700 {SITE}/app-1.0.dist-info", options=user()))
    facts = collect(NAME)
    assert facts.python
    assert [(item.name, item.version) for item in facts.python.distributions or ()] == [("app", "1.0")]
    assert [finding.key for finding in judge(facts)] == ["site_packages_unreadable"]


@pytest.mark.parametrize(
    "place", ["/opt/tools/bin", "/root/.pyenv/versions/3.12.1/bin", "/root/.local/share/uv/python/x/bin"]
)
def test_a_python_at_an_unusual_place_is_found(make: Callable[[Made], Any], place: str) -> None:
    """A script stands in for the interpreter: it is tried, and says that it is none."""
    make(
        Made(
            image=BUSYBOX,
            command=WAIT,
            files={f"{place}/python3": "#!/bin/sh\nexit 3\n"},
            options=environment(HOME="/root"),
        )
    )
    facts = collect(NAME)
    assert (facts.outcome, facts.found) == ("unreadable", f"{place}/python3")


TOOLS = "for tool in chown chmod mkdir; do busybox ln -sf busybox /bin/$tool; done"
WHEEL = "/wheels/flask-3.1-py3-none-any.whl"
MAKE_A_WHEEL = f"""busybox mkdir /wheels; python - <<'END'
import zipfile
with zipfile.ZipFile("{WHEEL}", "w") as wheel:
    wheel.writestr("flask/__init__.py", "")
    wheel.writestr("flask-3.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: flask\\nVersion: 3.1\\n")
    wheel.writestr("flask-3.1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("flask-3.1.dist-info/RECORD", "")
END
"""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_ROOT_USER_ACTION": "ignore"}
FIXED = [
    "file_permission",
    "python_forbidden",
    "site_packages_unreadable",
    "module_not_found",
    "locale_not_utf8",
    "stdout_buffered",
    "pythonpath_missing_dir",
    "dependency_missing",
    "venv_broken",
    "venv_version_mismatch",
]


def as_image(fix: str) -> tuple[str, list[str]]:
    """The lines of a Dockerfile in a fix: what RUN runs, and what ENV sets; the first where it names two ways."""
    runs = re.findall(r"RUN (.+?)(?=; and |, or |, and |; in place| before USER|\. At every|$)", fix)
    sets = re.findall(r"(?:^|or |and )ENV (\w+=\S+)", fix)
    return "; ".join(runs), [f"ENV {item}" for item in sets]


@pytest.mark.parametrize("trial", [trial for trial in TRIALS if trial.key in FIXED], ids=lambda trial: trial.key)
def test_what_a_fix_says_mends_the_fault(trial: Trial, make: Callable[[Made], Any]) -> None:
    offline = " ".join(f"{name}={value}" for name, value in OFFLINE.items())
    prepared = replace(trial.faulty, script=f"{MAKE_A_WHEEL}{TOOLS}; {trial.faulty.script or 'true'}")
    make(prepared)
    finding = found(trial)
    script, changes = as_image(finding.fix)
    assert script or changes or "Remove" in finding.fix, finding.fix
    options = {k: v for k, v in prepared.options.items() if k != "environment" or "Remove" not in finding.fix}
    fixed = replace(
        prepared,
        script=f"{prepared.script}; export {offline}; {script or 'true'}",
        changes=tuple(changes),
        options=options,
    )
    make(fixed)
    assert verified(finding.verify)[0] == 0, (finding.fix, verified(finding.verify))
    assert trial.key not in {item.key for item in judge(collect(NAME))}
