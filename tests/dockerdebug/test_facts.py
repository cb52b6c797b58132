"""What comes out of a container is hostile text until it is read."""

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerdebug.checks import examine
from dockerdebug.facts import Facts, PythonFacts, shorten
from dockerdebug.reading import UnreadableProbe, cut_answer, read_container, read_probe

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
PARTS = [item.name for item in fields(PythonFacts) if item.name != "version"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(PARTS), JSON, max_size=6), JSON)
def test_a_probe_answer_of_any_shape_is_read_and_judged(parts: dict[str, Any], environ: Any) -> None:
    answer = {"schema": 1, "python": {"version": "3.12.4", **parts}, "environ": environ}
    python, environment = read_probe(json.dumps(answer))
    report = examine(Facts(target="x", python=python, environment=environment, outcome="ran"))
    json.dumps(report.public_checks() + report.public_findings())


@pytest.mark.parametrize(
    "output",
    ["", "no json", "[1]", "{}", '{"schema": 2}', '{"schema": 1, "python": {"version": "3.12"}}', "[" * 100_000],
)
def test_what_the_probe_does_not_write_is_refused(output: str) -> None:
    with pytest.raises(UnreadableProbe):
        read_probe(output)


@settings(deadline=None)
@given(JSON)
def test_an_engine_answer_of_any_shape_is_read(answer: Any) -> None:
    inspected = answer if isinstance(answer, dict) else {"State": answer, "Config": answer, "HostConfig": answer}
    read_container(inspected)


def test_a_container_is_read_as_the_engine_describes_it() -> None:
    found = read_container(
        {
            "Id": "abc",
            "Name": "/api",
            "Image": "sha256:1",
            "RestartCount": 2,
            "Path": "python",
            "Args": ["-u", "main.py"],
            "State": {
                "Status": "running",
                "ExitCode": 0,
                "Health": {"Status": "unhealthy", "Log": [{"Output": "old"}, {"Output": "no curl", "ExitCode": 127}]},
            },
            "Config": {"Image": "shop:1", "Env": ["A=1", "B=x=y", "broken"], "Tty": False, "User": "app"},
            "HostConfig": {"Memory": 1024, "RestartPolicy": {"Name": "always"}, "NetworkMode": "host"},
            "Mounts": [{"Type": "bind", "Source": "/src", "Destination": "/app"}],
        }
    )
    assert (found.name, found.command, found.environment) == (
        "api",
        ("python", "-u", "main.py"),
        {"A": "1", "B": "x=y"},
    )
    assert (found.health_output, found.health_exit_code, found.mounts) == ("no curl", 127, (("bind", "/src", "/app"),))


def test_the_answer_is_cut_from_behind_start_up_noise() -> None:
    assert cut_answer('noise \x01other{} \n\x01MARK{"a": 1}\x01\n more', "MARK") == '{"a": 1}'
    assert cut_answer("noise", "MARK") is None
    assert cut_answer("\x01MARK{", "MARK") is None


def test_long_text_is_cut_in_the_middle() -> None:
    short = shorten("a" * 400 + "\n" + "b" * 400, 100)
    assert len(short) <= 100
    assert short.startswith("a")
    assert short.endswith("b")
