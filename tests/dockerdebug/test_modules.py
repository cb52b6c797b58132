"""A missing module: where it lies in the container, whose it is, and when no package is advised."""

import re
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerdebug.facts import Access, Facts, PathEntry, Search
from dockerdebug.findings import Finding, judge
from dockerdebug.module_names import NAMED_ALIKE, NAMED_OTHERWISE, REMOVED, package_of
from tests.dockerdebug.makers import SITE, container, dist, healthy, python, stopped, traceback

LOOKED = Search(looked=("/app", SITE))


def missing(module: str, *, said: str = "", search: Search = LOOKED, version: str = "3.12.4", **more: object) -> Facts:
    message = said or f"ModuleNotFoundError: No module named '{module}'"
    facts = stopped(logs=traceback(message))
    known = {
        "version": version,
        "distributions": (dist("pip", "24.2"),),
        "search": search,
        "startup": None,
        "path": None,
    }
    return replace(facts, python=python(**{**known, **more}))


def finding(facts: Facts) -> Finding:
    (found,) = [item for item in judge(facts) if item.key == "module_not_found"]
    return found


def at(module: str, *places: str, **more: object) -> Search:
    return replace(LOOKED, places={module: places}, **more)


@pytest.mark.parametrize(
    "name", ["app", "fitz_tools", "google", "settings", "utils", "jose", "environ", "core", "a.b.c"]
)
def test_no_package_is_advised_for_a_name_alone(name: str) -> None:
    found = finding(missing(name))
    assert "pip install" not in found.fix
    assert "not found; looked in /app" in found.evidence


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}(\.[a-z]{1,5})?", fullmatch=True))
def test_whatever_is_advised_for_a_name_is_in_the_list(name: str) -> None:
    found = finding(missing(name))
    packages = re.findall(r"pip install (\S+)", found.fix)
    assert [re.split("[<'=]", item.strip("'"))[0] for item in packages] == (
        [re.split("[<=]", package_of(name))[0]] if packages else []
    )


@pytest.mark.parametrize(
    ("module", "package"),
    [("fitz", "pymupdf"), ("jwt", "pyjwt"), ("cv2", "opencv-python-headless"), ("attr", "attrs"),
     ("google.cloud.storage", "google-cloud-storage"), ("yaml", "pyyaml"), ("serial", "pyserial"), ("usb", "pyusb"),
     ("flask", "flask"), ("sqlalchemy.orm", "sqlalchemy")],
)  # fmt: skip
def test_a_package_of_the_list_is_advised_for_the_interpreter_that_was_found(module: str, package: str) -> None:
    assert (
        finding(missing(module)).fix
        == f"Add {package} to the requirements: RUN /usr/local/bin/python -m pip install {package}"
    )


def test_the_list_names_no_standard_module_and_no_name_twice() -> None:
    assert not {*NAMED_ALIKE, *NAMED_OTHERWISE} & ({*sys.stdlib_module_names, *REMOVED})
    assert not {name for name in NAMED_OTHERWISE if "." not in name} & NAMED_ALIKE


@pytest.mark.parametrize(
    ("module", "version", "says"),
    [
        ("_ctypes", "3.12.4", "libffi-dev"),
        ("_sqlite3", "3.9.1", "when it was built"),
        ("_lzma", "3.8.1", "liblzma-dev"),
        ("distutils", "3.12.4", "Python 3.12 removed distutils"),
        ("distutils.core", "3.13.1", "setuptools"),
        ("imp", "3.12.0", "importlib"),
        ("cgi", "3.13.0", "Python 3.13 removed cgi"),
        ("asyncore", "3.12.0", "asyncio"),
        ("tomllib", "3.10.2", "since 3.11"),
        ("zoneinfo", "3.8.2", "since 3.9"),
        ("json", "3.12.4", "not whole"),
        ("urllib2", "3.12.4", "urllib.request"),
        ("ConfigParser", "3.6.1", "configparser"),
    ],
)
def test_for_a_standard_module_no_package_is_advised(module: str, version: str, says: str) -> None:
    found = finding(missing(module, version=version))
    assert says in f"{found.cause} {found.fix}"
    assert "pip install" not in found.fix


def test_debian_keeps_parts_of_the_library_in_packages() -> None:
    facts = missing(
        "tkinter", version="3.11.2", system="debian", realpath="/usr/bin/python3.11", executable="/usr/bin/python3"
    )
    assert finding(facts).fix.endswith("python3-tk")


def test_a_file_that_hides_a_package_is_named() -> None:
    said = "ModuleNotFoundError: No module named 'email.mime'; 'email' is not a package"
    found = finding(missing("email.mime", said=said, shadows=(("email", "/app/email.py"),)))
    assert "Rename /app/email.py" in found.fix


def test_the_applications_own_module_is_named_with_the_way_to_start_it() -> None:
    facts = missing("app", search=at("app", "/code/app"))
    facts = replace(
        facts, container=container(state="exited", exit_code=1, working_dir="/code", command=("python3", "app/main.py"))
    )
    found = finding(facts)
    assert found.fix == """WORKDIR /code and CMD ["python3", "-m", "app.main"], or ENV PYTHONPATH=/code"""
    assert "/code/app" in found.cause
    assert "sys.path[0] = '/code/app'" in found.verify


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("/opt/venv/lib/python3.12/site-packages/flask", "/opt/venv/bin/python"),
        ("/opt/conda/envs/shop/lib/python3.12/site-packages/flask", "/opt/conda/envs/shop/bin"),
        (
            "/root/.cache/pypoetry/virtualenvs/shop-x-py3.12/lib/python3.12/site-packages/flask",
            "virtualenvs/shop-x-py3.12",
        ),
        ("/root/.local/lib/python3.12/site-packages/flask", "for one user alone"),
        ("/usr/local/lib/python3.11/site-packages/flask", "installed for Python 3.11"),
        ("/usr/lib/python3/dist-packages/flask", "/usr/bin/python3"),
        ("/srv/libs/flask", "PYTHONPATH=/srv/libs"),
        ("/code/vendor/flask.py", "PYTHONPATH=/code/vendor"),
    ],
)
def test_a_module_that_lies_elsewhere_is_not_installed_again(place: str, says: str) -> None:
    found = finding(missing("flask", search=at("flask", place)))
    assert says in f"{found.cause} {found.fix}"
    assert "pip install" not in found.fix
    assert f"found at {place}" in found.evidence


@pytest.mark.parametrize(
    ("path", "content", "fix"),
    [
        (
            "/code/requirements.txt",
            "Corp_Auth==1.2\n",
            "RUN /usr/local/bin/python -m pip install -r /code/requirements.txt",
        ),
        (
            "/code/requirements/base.in",
            "# x\ncorp-auth[sso]>=1 ; python_version > '3'\n",
            "-r /code/requirements/base.in",
        ),
        (
            "/code/pyproject.toml",
            '[project]\ndependencies = ["corp.auth>=1"]\n',
            "Install what /code/pyproject.toml names",
        ),
        ("/code/poetry.lock", '[[package]]\nname = "corp-auth"\n', "Install what /code/poetry.lock names"),
        ("/code/Pipfile.lock", '"corp-auth": {\n', "Install what /code/Pipfile.lock names"),
        ("/code/environment.yml", "dependencies:\n  - corp-auth=1.2\n", "Install what /code/environment.yml names"),
        ("/code/requirements.txt", "corp-auth-extra\n# corp_auth\n", "If corp_auth is the application's own"),
    ],
)
def test_a_file_of_the_container_is_evidence_for_a_package(path: str, content: str, fix: str) -> None:
    assert fix in finding(missing("corp_auth", search=replace(LOOKED, requirements={path: content}))).fix


def test_a_package_whose_files_are_gone_is_not_called_uninstalled() -> None:
    found = finding(missing("yaml", distributions=(dist("PyYAML", "6.0"),)))
    assert "not whole" in found.cause


def test_a_part_that_its_package_lacks_is_told_from_a_missing_package() -> None:
    found = finding(missing("app.models", search=replace(LOOKED, places={"app": ("/code/app",)})))
    assert "The package app is at /code/app and has no app.models" in found.cause
    assert "pip install" not in found.fix


def test_what_could_not_be_looked_at_is_said() -> None:
    assert "not everything could be read" in finding(missing("app", search=replace(LOOKED, complete=False))).evidence
    assert "nothing could be looked at" in finding(missing("app", search=Search())).evidence


def test_a_module_that_is_there_now_is_no_finding() -> None:
    log = traceback("ModuleNotFoundError: No module named 'flask'")
    found = python(search=at("flask", f"{SITE}/flask"), path=(PathEntry(path=SITE),))
    assert judge(healthy(logs=log, python=found)) == []


def test_a_traceback_of_files_that_are_not_here_is_another_programs() -> None:
    log = traceback("ModuleNotFoundError: No module named 'flask'", "/elsewhere/main.py")
    here, gone = Access(), Access(exists=False)
    for access, keys in ((here, ["module_not_found"]), (gone, [])):
        facts = healthy(logs=log, python=python(search=replace(LOOKED, files={"/elsewhere/main.py": access})))
        assert [item.key for item in judge(facts)] == keys


def test_a_program_that_ended_well_had_no_failure() -> None:
    facts = stopped(logs=traceback("ModuleNotFoundError: No module named 'flask'"))
    facts = replace(facts, container=container(state="exited", exit_code=0))
    assert [item.key for item in judge(facts)] == ["container_stopped"]


def test_pip_is_advised_only_where_it_can_install() -> None:
    def fix(**more: object) -> str:
        facts = missing("flask", **more)
        return finding(replace(facts, outcome="ran", python=replace(facts.python, path=()))).fix

    assert "venv /opt/venv" in fix(externally_managed=True)
    assert "install -y python3-venv" in fix(externally_managed=True, system="debian")
    assert "ensurepip" in fix(distributions=())
    assert "uv pip install --python /usr/local/bin/python flask" in fix(distributions=(), named={"uv": "/bin/uv"})
