"""What differs between two environments."""

from typing import Any

import pytest

from dockerdebug import diagnoses
from dockerdebug.comparison import NOT_COUNTED, NotComparable, compare
from dockerdebug.diagnoses import diagnose, request_diagnosis
from dockerdebug.facts import Facts
from dockerdebug.models import Diagnosis
from tests.dockerdebug.makers import dist, healthy, python, stopped, with_environment

pytestmark = pytest.mark.django_db


@pytest.fixture
def diagnosed(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(facts: Facts) -> Diagnosis:
        monkeypatch.setattr(diagnoses, "collect", lambda container: facts)
        return diagnose(container="api")

    return make


def changes(differences: Any) -> list[tuple[str, str, str | None, str | None]]:
    return [(item.name, item.kind, item.left, item.right) for item in differences]


def test_an_environment_is_the_same_as_itself(diagnosed: Any) -> None:
    assert compare(left=diagnosed(healthy()), right=diagnosed(healthy())).same


def test_packages_python_and_findings_are_told_apart(diagnosed: Any) -> None:
    old = healthy(python=python(distributions=(dist("Flask", "2.3"), dist("gone", "1.0"))))
    new = healthy(python=python(version="3.12.9", distributions=(dist("flask", "3.1", "new>=2"), dist("new", "1.0"))))
    found = compare(left=diagnosed(old), right=diagnosed(new))
    assert changes(found.packages) == [
        ("flask", "changed", "2.3", "3.1"),
        ("gone", "removed", "1.0", None),
        ("new", "added", None, "1.0"),
    ]
    assert changes(found.python) == [("version", "changed", "3.12.4", "3.12.9")]
    assert changes(found.findings) == [("dependency_conflict", "added", None, "error")]
    assert not found.same


def test_variables_are_compared_without_their_secrets(diagnosed: Any) -> None:
    left = diagnosed(with_environment(LANG="C", API_TOKEN="hunter2-and-more"))
    right = diagnosed(with_environment(LANG="C.UTF-8", API_TOKEN="hunter2", DEBUG="1"))
    found = compare(left=left, right=right)
    assert changes(found.variables) == [
        ("API_TOKEN", "changed", "<set, 16 chars>", "<set, 7 chars>"),
        ("DEBUG", "added", None, "1"),
        ("LANG", "changed", "C", "C.UTF-8"),
    ]


@pytest.mark.parametrize("name", sorted(NOT_COUNTED))
def test_what_every_container_has_of_its_own_is_no_difference(diagnosed: Any, name: str) -> None:
    left, right = diagnosed(with_environment(**{name: "a"})), diagnosed(with_environment(**{name: "b"}))
    assert compare(left=left, right=right).same
    assert compare(left=left, right=diagnosed(healthy())).same


@pytest.mark.parametrize("name", ["PATH", "LANG", "PYTHONPATH", "PYTHON_VERSION", "HOMEPAGE", "MY_HOSTNAME"])
def test_what_somebody_set_is_a_difference(diagnosed: Any, name: str) -> None:
    found = compare(left=diagnosed(with_environment(**{name: "/a"})), right=diagnosed(with_environment(**{name: "/b"})))
    assert [item.name for item in found.variables] == [name]


def test_what_could_not_be_seen_is_not_called_different(diagnosed: Any) -> None:
    found = compare(left=diagnosed(healthy()), right=diagnosed(stopped()))
    assert (found.path, found.not_compared) == ((), ("sys_path",))
    assert not found.same


def test_an_unfinished_one_cannot_be_compared(diagnosed: Any) -> None:
    with pytest.raises(NotComparable):
        compare(left=diagnosed(healthy()), right=request_diagnosis())
