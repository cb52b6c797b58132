"""The seven checks on facts: what passes, what fails, what could not run and why."""

from dataclasses import replace

import pytest

from config.errors import DomainError
from dockerdebug.checks import CHECKS, examine
from dockerdebug.facts import Facts, Problem
from dockerdebug.targets import THIS_MACHINE
from tests.dockerdebug.makers import dist, healthy, python, stopped, with_environment

NAMES = [
    "python_version",
    "python_path",
    "installed_packages",
    "environment_variables",
    "pip_config",
    "sys_path",
    "venv_status",
]


def test_there_are_the_seven_checks() -> None:
    assert list(CHECKS) == NAMES


def test_all_pass_on_a_healthy_container() -> None:
    report = examine(healthy())
    assert [(check.name, check.passed, check.status) for check in report.checks] == [
        (name, True, "passed") for name in NAMES
    ]
    assert (report.passed, report.failed, report.not_run, report.has_faults) == (7, 0, 0, False)
    assert report.summary == "7 of 7 checks passed."
    seen = {check.name: check.result for check in report.checks}
    assert seen["python_version"] == "3.12.4 (cpython)"
    assert seen["python_path"] == "/usr/local/bin/python"
    assert seen["installed_packages"] == "3 packages"
    assert seen["venv_status"] == "no virtual environment"


@pytest.mark.parametrize("name", NAMES)
def test_one_check_alone(name: str) -> None:
    report = examine(healthy(), check=name)
    assert [check.name for check in report.checks] == [name]
    assert report.passed == 1


def test_an_unknown_check_is_refused_with_the_list() -> None:
    with pytest.raises(DomainError, match="sys_path") as caught:
        examine(healthy(), check="astrology")
    assert caught.value.errors[0].field == "check"


def test_a_fault_fails_the_check_it_belongs_to_and_information_does_not() -> None:
    facts = healthy(python=python(distributions=(dist("app", "1.0", "flask"),), externally_managed=True))
    report = examine(facts)
    failed = [check for check in report.checks if not check.passed]
    assert [(check.name, check.status, check.details["findings"]) for check in failed] == [
        ("installed_packages", "failed", ["dependency_missing"])
    ]
    assert report.has_faults
    assert report.summary.startswith("6 of 7 checks passed, 1 error. dependency_missing: ")


def test_what_could_not_run_says_why_and_has_not_passed() -> None:
    report = examine(stopped())
    skipped = [check for check in report.checks if check.status == "not_run"]
    assert [(check.name, check.passed, check.result) for check in skipped] == [
        ("sys_path", False, "not run, because the container is stopped")
    ]
    assert report.passed + report.failed == 7
    assert report.not_run == 1


def test_without_an_engine_no_check_runs_and_each_says_why() -> None:
    problem = Problem(
        key="engine_not_running", evidence="", cause="Nobody listens at x: the engine is stopped.", fix=""
    )
    report = examine(Facts(target="api", problem=problem))
    assert {check.result for check in report.checks} == {"not run, because nobody listens at x"}
    assert (report.passed, report.failed, report.not_run) == (0, 7, 7)


def test_secrets_are_in_no_check() -> None:
    facts = with_environment(API_TOKEN="hunter2-and-more", PIP_INDEX_URL="https://bot:t0ken-77@pkg.corp/simple")
    facts = replace(facts, python=python(executable="/srv/hunter2-and-more/bin/python"))
    text = str(examine(facts).public_checks())
    assert "hunter2" not in text
    assert "t0ken-77" not in text
    assert "<set, 16 chars>" in text


def test_this_machine_has_its_variables_without_a_container() -> None:
    facts = replace(with_environment(LANG="C.UTF-8"), target=THIS_MACHINE, container=None)
    (check,) = examine(facts, check="environment_variables").checks
    assert check.details["variables"]["LANG"] == "C.UTF-8"
