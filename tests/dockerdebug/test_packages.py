"""Requirements judged with the container's markers, as pip and importlib would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerdebug.facts import Distribution
from dockerdebug.findings import judge
from tests.dockerdebug.makers import dist, healthy, python


def found(*distributions: Distribution) -> list[str]:
    return [finding.key for finding in judge(healthy(python=python(distributions=distributions)))]


@pytest.mark.parametrize(
    "requirement",
    [
        'colorama; sys_platform == "win32"',
        'tomli>=1; python_version < "3.11"',
        'pytest; extra == "test"',
        'greenlet; platform_machine == "aarch64"',
        "this is no requirement",
        'typing; python_version < "not a version"',
    ],
)
def test_what_does_not_apply_here_is_not_missed(requirement: str) -> None:
    assert found(dist("app", "1.0", requirement)) == []


@pytest.mark.parametrize("name", ["Zope.Interface", "zope-interface", "ZOPE_INTERFACE"])
def test_names_are_compared_normalised(name: str) -> None:
    assert found(dist("app", "1.0", name), dist("zope.interface", "6.0")) == []


def test_an_extra_is_needed_when_somebody_asks_for_it() -> None:
    server = dist("server", "1.0", 'tls; extra == "secure"')
    assert found(server, dist("app", "1.0", "server")) == []
    assert found(server, dist("app", "1.0", "server[secure]")) == ["dependency_missing"]
    assert found(server, dist("app", "1.0", "server[secure]"), dist("tls", "1.0")) == []


def test_extras_that_ask_for_each_other_end() -> None:
    one = dist("one", "1.0", 'two[all]; extra == "all"')
    two = dist("two", "1.0", 'one[all]; extra == "all"')
    assert found(one, two, dist("app", "1.0", "one[all]")) == []


def test_a_prerelease_that_is_installed_satisfies() -> None:
    assert found(dist("app", "1.0", "lib>=2.0b1"), dist("lib", "2.0b3")) == []


def test_the_first_of_two_on_the_path_counts() -> None:
    old, new = dist("lib", "1.0", path="/venv/lib-1.0.dist-info"), dist("lib", "2.0", path="/usr/lib-2.0.dist-info")
    assert found(dist("app", "1.0", "lib>=2"), old, new) == ["dependency_conflict"]
    assert found(dist("app", "1.0", "lib>=2"), new, old) == []


def test_a_conflict_names_who_wants_what_and_one_fix_for_all() -> None:
    facts = healthy(
        python=python(
            distributions=(
                dist("a", "1.0", "lib>=3"),
                dist("b", "1.0", "lib<5"),
                dist("lib", "2.0"),
                dist("pip", "24.2"),
            )
        )
    )
    (conflict,) = judge(facts)
    assert "a wants >=3" in conflict.cause
    assert "b wants <5" in conflict.cause
    assert conflict.fix == "RUN /usr/local/bin/python -m pip install 'lib<5,>=3'"


def test_a_version_that_is_none_is_left_alone() -> None:
    assert found(dist("app", "1.0", "lib>=2"), dist("lib", "dev-snapshot")) == []


@given(st.lists(st.text(max_size=60), max_size=5), st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_hostile_metadata_never_raises(requires: list[str], requires_python: str, version: str) -> None:
    hostile = Distribution(name="x", version=version, requires=tuple(requires), requires_python=requires_python)
    judge(healthy(python=python(distributions=(hostile,))))
