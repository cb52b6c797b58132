"""Every rule on facts that have its fault, and none of them on a healthy environment."""

import re
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dockerdebug.facts import Access, Facts, PathEntry, PipFile, Problem, Search, Startup, Venv
from dockerdebug.findings import RULES, Finding, judge
from dockerdebug.targets import THIS_MACHINE
from tests.dockerdebug.makers import SITE, container, dist, healthy, python, stopped, traceback, with_environment

VENV = Venv(root="/opt/venv", home="/usr/local/bin", version="3.12.4", libraries=("python3.12",))
HANGS = Startup(ok=False, timed_out=True, status=9)
FAILS = Startup(ok=False, status=1, noise="ModuleNotFoundError: No module named 'encodings'")


def of(**more: object) -> Facts:
    return healthy(python=python(**more))


FAULTY: dict[str, Facts] = {
    "container_paused": healthy(container=container(state="paused")),
    "container_stopped": stopped(),
    "container_created": healthy(container=container(state="created")),
    "restart_loop": healthy(container=container(state="restarting", restart_count=7, exit_code=1)),
    "oom_killed": healthy(container=container(state="exited", exit_code=137, oom_killed=True, memory_bytes=2**26)),
    "healthcheck_failing": healthy(
        container=container(health="unhealthy", health_output="/bin/sh: curl: not found", health_exit_code=127)
    ),
    "exec_format_error": healthy(container=container(state="exited", error="exec /app: exec format error")),
    "entrypoint_not_found": stopped(logs="exec /entrypoint.sh: no such file or directory"),
    "entrypoint_not_executable": healthy(
        container=container(state="created", error='exec: "/entrypoint.sh": permission denied: unknown')
    ),
    "docker_socket_mounted": healthy(
        container=container(mounts=(("bind", "/var/run/docker.sock", "/var/run/docker.sock"),))
    ),
    "shell_form_pid1": healthy(
        container=container(command=("/bin/sh", "-c", "python main.py")),
        python=python(pid1=("/bin/sh", "-c", "python main.py")),
    ),
    "mount_hides_packages": healthy(
        container=container(mounts=(("bind", "/home/me/shop", "/app"),)),
        environment={"VIRTUAL_ENV": "/app/.venv"},
        python=python(virtual_env="/app/.venv"),
    ),
    "module_not_found": stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'")),
    "shared_library_missing": stopped(
        logs=traceback("ImportError: libGL.so.1: cannot open shared object file: No such file or directory")
    ),
    "file_permission": stopped(logs=traceback("PermissionError: [Errno 13] Permission denied: '/data/db.sqlite3'")),
    "certificate_verify_failed": healthy(
        logs=traceback("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    ),
    "python_missing": healthy(python=None, outcome="no-python", why_not="no Python was found in the container"),
    "python_forbidden": healthy(python=None, outcome="forbidden", found="/root/.local/bin/python3"),
    "python_broken": healthy(
        python=None, outcome="unreadable", why_not="the interpreter ended without an answer", found="/bin/python3"
    ),
    "probe_timeout": of(startup=HANGS),
    "python_eol": healthy(python=python(version="3.8.18"), today=date(2024, 10, 8)),
    "venv_broken": of(dangling=(("/opt/venv/bin/python", "/usr/local/bin/python3.13"),)),
    "venv_relocated": of(venv=VENV, broken_scripts=(("/opt/venv/bin/gunicorn", "/build/venv/bin/python"),)),
    "venv_version_mismatch": of(venv=replace(VENV, libraries=("python3.11",))),
    "venv_not_active": of(virtual_env="/opt/venv", virtual_env_exists=True, named_venv=VENV),
    "virtual_env_missing": of(virtual_env="/opt/venv"),
    "pip_python_mismatch": of(
        pip="/usr/bin/pip", pip_interpreter="/usr/bin/python3", pip_identity="/usr/bin/python3.11"
    ),
    "externally_managed": of(externally_managed=True),
    "dependency_missing": of(distributions=(dist("app", "1.0", "flask>=3"),)),
    "dependency_conflict": of(distributions=(dist("app", "1.0", "flask>=3"), dist("Flask", "2.3"))),
    "python_unsupported": of(distributions=(dist("app", requires_python=">=3.13"),)),
    "wheel_wrong_platform": of(distributions=(dist("app", tags=("cp312-cp312-manylinux_2_17_aarch64",)),)),
    "duplicate_distribution": of(distributions=(dist("app", "1.0"), dist("App", "2.0"))),
    "invalid_distribution": of(invalid=(f"{SITE}/~lask-3.0.dist-info",)),
    "pythonhome_invalid": replace(of(startup=FAILS), environment={"PYTHONHOME": "/usr/lib/python3"}),
    "site_startup_fault": of(startup=FAILS),
    "shadowed_stdlib": of(shadows=(("random", "/app/random.py"),)),
    "pythonpath_missing_dir": replace(
        of(path=(PathEntry(path="/gone", exists=False),)), environment={"PYTHONPATH": "/app:/gone"}
    ),
    "pythonpath_other_version": with_environment(PYTHONPATH="/opt/lib/python3.11/site-packages"),
    "site_packages_unreadable": of(path=(PathEntry(path=SITE, readable=False),)),
    "stdout_buffered": of(pid1=("/usr/local/bin/python3.12", "main.py")),
    "secret_in_env": with_environment(STRIPE_API_KEY="rk_live_0123456789abcdef"),
    "locale_not_utf8": of(startup=Startup(stdout="ANSI_X3.4-1968")),
    "ca_certs_missing": of(missing_places={"SSL_CERT_FILE": "/etc/ssl/own.pem"}),
    "proxy_loopback": with_environment(HTTPS_PROXY="http://localhost:3128"),
    "pip_index_insecure": of(
        pip_files=(PipFile(path="/etc/pip.conf", content="[global]\nindex-url = http://mirror.corp/simple\n"),)
    ),
    "tmp_not_writable": of(temporary_writable=False),
}


def keys(found: list[Finding]) -> list[str]:
    return [finding.key for finding in found]


def test_a_healthy_container_has_no_finding() -> None:
    assert judge(healthy()) == []


def test_every_rule_has_its_faulty_example() -> None:
    assert set(RULES) == set(FAULTY)


@pytest.mark.parametrize("key", FAULTY)
def test_the_fault_is_named_with_evidence_cause_fix_and_verification(key: str) -> None:
    (found,) = [finding for finding in judge(FAULTY[key]) if finding.key == key]
    assert found.severity == RULES[key].severity
    for text in (found.evidence, found.cause, found.fix, found.verify):
        assert len(text) >= 5
        assert "None" not in text


@pytest.mark.parametrize("key", FAULTY)
def test_the_fault_comes_first_but_for_what_it_follows_from(key: str) -> None:
    consequences = {"container_stopped", "container_created"}
    first = next(found for found in keys(judge(FAULTY[key])) if found == key or found not in consequences)
    assert first == key


@pytest.mark.parametrize("key", FAULTY)
def test_every_rule_says_what_it_means_in_one_line(key: str) -> None:
    assert re.fullmatch(r"[A-Zp].{10,}\.", RULES[key].title)


@pytest.mark.parametrize("key", FAULTY)
def test_every_rule_is_documented_as_it_is(key: str) -> None:
    rule = RULES[key]
    row = f"| `{key}` | {rule.severity} | {rule.check or 'container'} | {rule.title} |"
    assert row in (Path(__file__).parents[2] / "docs/dockerdebug.md").read_text()


def test_a_module_that_is_installed_elsewhere_is_not_called_uninstalled() -> None:
    facts = stopped(logs=traceback("ModuleNotFoundError: No module named 'yaml'"))
    facts = replace(facts, python=replace(facts.python, distributions=(dist("PyYAML", "6.0"),)))
    (found,) = [finding for finding in judge(facts) if finding.key == "module_not_found"]
    assert "PyYAML 6.0 is installed" in found.cause
    assert "pip install" not in found.fix


def test_a_log_of_a_running_container_only_warns() -> None:
    (found,) = judge(healthy(logs=traceback("ModuleNotFoundError: No module named 'flask'")))
    assert (found.key, found.severity) == ("module_not_found", "warning")


def test_the_interpreters_own_library_is_told_from_a_packages() -> None:
    facts = healthy(
        container=container(state="exited", exit_code=127),
        logs="python: error while loading shared libraries: libpython3.11.so.1.0: cannot open shared object file: "
        "No such file or directory",
    )
    assert "interpreter" in judge(facts)[0].cause
    log = traceback("ImportError: libpq.so.5: cannot open shared object file: No such file or directory")
    for system, fix in (
        ("debian", "libpq5"),
        ("alpine", "apk add --no-cache libpq"),
        ("", "this image's distribution"),
    ):
        facts = stopped(logs=log)
        (found, *_) = judge(replace(facts, python=replace(facts.python, system=system)))
        assert fix in found.fix


def test_a_container_that_finished_is_no_fault() -> None:
    (found,) = judge(healthy(container=container(state="exited", exit_code=0)))
    assert (found.key, found.severity) == ("container_stopped", "info")


def test_an_unreachable_engine_is_the_finding() -> None:
    problem = Problem(key="engine_not_running", evidence="refused", cause="Nobody listens.", fix="Start it.")
    (found,) = judge(Facts(target="api", problem=problem))
    assert (found.key, found.severity, found.fix) == ("engine_not_running", "error", "Start it.")


def test_one_check_brings_its_own_findings_and_those_of_the_container() -> None:
    facts = replace(
        of(shadows=(("random", "/app/random.py"),), externally_managed=True), container=container(state="paused")
    )
    assert keys(judge(facts, check="sys_path")) == ["shadowed_stdlib", "container_paused"]
    assert keys(judge(facts, check="venv_status")) == ["container_paused"]


def test_an_environment_that_another_venv_lies_beside_is_reported_only_when_outside_it() -> None:
    beside = replace(VENV, root="/app/.venv")
    assert keys(judge(of(venvs_about=(beside,)))) == ["venv_not_active"]
    assert judge(of(venvs_about=(beside,), venv=VENV)) == []


def test_path_is_not_blamed_where_the_environment_is_first_on_it() -> None:
    named = of(virtual_env="/opt/venv", virtual_env_exists=True, named_venv=VENV)
    facts = replace(named, environment={"PATH": f"{VENV.root}/bin:/usr/bin"})
    (found,) = judge(facts)
    assert found.key == "venv_not_active"
    assert "first on PATH; the Python that runs is" in found.evidence
    assert "ENV PATH" not in found.fix
    assert named.python is not None
    broken = replace(named.python, dangling=((f"{VENV.root}/bin/python", "/gone/python"),))
    assert keys(judge(replace(facts, python=broken))) == ["venv_broken"]


def test_a_hidden_secret_recurs_in_no_finding() -> None:
    facts = with_environment(SECRET_TOKEN="hunter2-and-more", PYTHONPATH="/srv/hunter2-and-more/lib/python3.9")
    for finding in judge(facts):
        assert "hunter2" not in str(finding.public())


def test_a_hundred_conflicts_are_told_as_ten() -> None:
    many = tuple(dist(f"app{number}", "1.0", "flask>=3") for number in range(100))
    assert keys(judge(of(distributions=many))).count("dependency_missing") == 10


def test_a_dangling_python_that_the_search_skipped_is_named_without_any_python() -> None:
    tried = ("/opt/venv/bin/python: a link that leads nowhere",)
    found = keys(judge(healthy(python=None, outcome="no-python", tried=tried)))
    assert found == ["venv_broken", "python_missing"]


def test_on_this_machine_nothing_asks_for_docker() -> None:
    facts = replace(of(shadows=(("random", "/app/random.py"),)), target=THIS_MACHINE, container=None)
    (found,) = judge(facts)
    assert "docker" not in found.verify


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("[global]\nindex-url = https://mirror.corp/simple", 0),
        ("[global]\nindex-url = http://localhost:3141/simple", 0),
        ("[global]\nextra-index-url =\n    http://a.corp/simple\n    http://b.corp/simple", 2),
        ("[install]\ntrusted-host = mirror.corp", 1),
        ("no ini file at all", 0),
    ],
)
def test_an_insecure_index_is_found_in_every_form(settings: str, expected: int) -> None:
    found = judge(of(pip_files=(PipFile(path="/etc/pip.conf", content=settings),)))
    assert keys(found) == ["pip_index_insecure"] * expected


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("cp312-cp312-manylinux_2_17_x86_64", True),
        ("cp38-abi3-manylinux2014_x86_64", True),
        ("cp311-cp311-manylinux_2_17_x86_64", False),
        ("cp313-abi3-manylinux2014_x86_64", False),
        ("cp312-cp312-macosx_11_0_arm64", False),
        ("py3-none-win_amd64", False),
        ("cp312-cp312-linux_aarch64", False),
        ("nonsense", True),
    ],
)
def test_a_wheel_fits_by_its_tag(tag: str, fits: bool) -> None:
    found = judge(of(distributions=(dist("app", tags=(tag,)),)))
    assert keys(found) == ([] if fits else ["wheel_wrong_platform"])


HOSTILE = "/app/x'; rm -rf ~ #$(reboot)`id`\"\\ y"


@pytest.mark.parametrize(
    "facts",
    [
        of(unreadable=(HOSTILE,)),
        of(invalid=(HOSTILE,)),
        of(shadows=(("random", HOSTILE),)),
        of(path=(PathEntry(path=HOSTILE, readable=False),)),
        of(temporary=HOSTILE, temporary_writable=False),
        of(venv=VENV, broken_scripts=((HOSTILE, "/gone"),)),
        of(dangling=((HOSTILE, "/gone"),)),
        replace(of(), outcome="forbidden", found=HOSTILE),
        healthy(
            container=container(image=HOSTILE, state="exited"), python=python(executable=HOSTILE, shadows=(("a", "b"),))
        ),
    ],
)
def test_names_out_of_a_container_stay_words_in_every_command(facts: Facts) -> None:
    """A shell reads each command as one program with its arguments, none of which ran."""
    for found in judge(facts):
        command = found.verify.removeprefix("! ")
        said = subprocess.run(
            ["/bin/sh", "-c", f"docker() {{ :; }}; grep() {{ :; }}; sleep() {{ :; }}; timeout() {{ :; }}; {command}"],
            capture_output=True, text=True, check=False, env={"PATH": ""},
        )  # fmt: skip
        assert said.stderr == "", (found.key, command)


@pytest.mark.parametrize("key", FAULTY)
def test_no_advice_destroys_or_guesses(key: str) -> None:
    """No finding removes files, builds blindly, or names a Python that nobody found."""
    for found in judge(FAULTY[key]):
        assert not re.search(
            r"rm -r|--no-cache \.|docker (?:rm|stop|kill|system)|chown -R|/path/to|own\.pem", found.fix
        )
        assert not re.search(r"docker (?:rm|stop|kill)|pip install", found.verify)
        if found.key not in ("venv_not_active", "externally_managed", "python_missing"):
            assert not re.search(r" python3? -", found.verify), found.verify


@pytest.mark.parametrize(("started", "loops"), [("2025-12-31T10:00:00Z", False), ("2026-01-01T00:00:00Z", True)])
def test_a_container_that_got_over_its_restarts_is_in_no_loop(started: str, loops: bool) -> None:
    facts = healthy(container=container(restart_count=7, started_at=started))
    assert ("restart_loop" in keys(judge(facts))) == loops


@pytest.mark.parametrize(
    ("limit", "fix"), [(2**31, "docker update --memory 4096m"), (0, "The host itself ran out of memory")]
)
def test_a_memory_limit_is_only_ever_raised(limit: int, fix: str) -> None:
    facts = healthy(container=container(state="exited", exit_code=137, oom_killed=True, memory_bytes=limit))
    assert fix in judge(facts)[0].fix


@pytest.mark.parametrize(
    ("path", "user", "mounts", "says"),
    [
        ("/data/app/x", "app", (), "RUN chown app /data/app/x"),
        ("/etc/shadow", "app", (), "belongs to the system"),
        ("/proc/1/mem", "app", (), "belongs to the system"),
        ("/data/x", "", (), "root was refused"),
        ("/data/x", "app", (("bind", "/srv/data", "/data"),), "Give /srv/data on the host"),
        ("/var/run/docker.sock", "app", (("bind", "/var/run/docker.sock", "/var/run/docker.sock"),), "proxy"),
    ],
)
def test_an_owner_is_changed_only_where_it_is_the_reason(
    path: str, user: str, mounts: tuple[tuple[str, str, str], ...], says: str
) -> None:
    facts = stopped(logs=traceback(f"PermissionError: [Errno 13] Permission denied: '{path}'"))
    files = {path: Access(readable=False, writable=False)}
    facts = replace(
        facts,
        container=container(state="exited", exit_code=1, user=user, mounts=mounts),
        python=replace(facts.python, search=Search(files=files)),
    )
    (found,) = [item for item in judge(facts) if item.key == "file_permission"]
    assert says in f"{found.cause} {found.fix}"


def test_a_file_that_is_open_now_is_no_finding() -> None:
    facts = healthy(
        logs=traceback("PermissionError: [Errno 13] Permission denied: '/data/x'"),
        python=python(search=Search(files={"/data/x": Access()})),
    )
    assert judge(facts) == []


@pytest.mark.parametrize(
    ("said", "bundles", "says"),
    [
        ("certificate verify failed: certificate has expired (_ssl.c:1006)", (), "renew"),
        ("certificate verify failed: Hostname mismatch, certificate is not valid for 'x'", (), "another name"),
        ("certificate verify failed: unable to get local issuer certificate", (), "apt-get install"),
        ("certificate verify failed: self-signed certificate in certificate chain", ("/etc/ssl/cert.pem",), "own.crt"),
    ],
)
def test_a_certificate_is_judged_by_what_openssl_says(said: str, bundles: tuple[str, ...], says: str) -> None:
    log = traceback(f"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] {said}")
    (found,) = judge(healthy(logs=log, python=python(bundles=bundles)))
    assert says in f"{found.cause} {found.fix}"


def test_an_environment_without_pip_beside_the_systems_is_no_fault() -> None:
    """uv and poetry make them so."""
    facts = of(
        venv=VENV,
        distributions=(),
        python_identity="/opt/venv",
        pip="/usr/bin/pip",
        pip_interpreter="/usr/bin/python3",
        pip_identity="/usr/bin/python3.11",
    )
    assert judge(facts) == []


def test_a_proxy_that_listens_in_the_container_is_no_fault() -> None:
    facts = with_environment(HTTPS_PROXY="http://localhost:3128")
    assert judge(replace(facts, python=python(listening=(3128,)))) == []
    assert keys(judge(replace(facts, python=python(listening=(80,))))) == ["proxy_loopback"]


def test_a_container_that_asks_for_no_python_is_not_told_to_take_one() -> None:
    redis = container(command=("redis-server",), environment={"PATH": "/usr/bin"})
    (found,) = judge(healthy(python=None, outcome="no-python", container=redis, environment=redis.environment))
    assert (found.key, found.severity) == ("python_missing", "warning")
    assert "FROM" not in found.fix
