import json

import pytest

from schemacheck.formats import Checked, render
from schemacheck.rules import RULES
from schemacheck.validator import validate

SQL = "CREATE TABLE t (\n\tid bigint PRIMARY KEY,\n\tname varchr(20)\n);\n"


@pytest.fixture
def checked() -> Checked:
    return Checked(path="a,b/t.sql", sql=SQL, report=validate(SQL, dialect="postgresql").as_dict())


def test_text_marks_the_offending_line(checked: Checked) -> None:
    lines = render("text", [checked]).splitlines()
    at = next(number for number, line in enumerate(lines) if "undefined-type" in line)
    assert lines[at].startswith("a,b/t.sql:3:7: error 42704 [undefined-type]")
    assert lines[at + 1 : at + 3] == ["    \tname varchr(20)", "    \t     ^"]
    assert lines[-1].startswith("[FAIL] a,b/t.sql: 1 statements, 1 errors")


def test_json_is_the_report(checked: Checked) -> None:
    assert json.loads(render("json", [checked])) == {"path": "a,b/t.sql", **checked.report}
    assert len(json.loads(render("json", [checked, checked]))) == 2


def test_sarif_names_rule_level_and_place(checked: Checked) -> None:
    sarif = json.loads(render("sarif", [checked]))
    run = sarif["runs"][0]
    result = next(item for item in run["results"] if item["ruleId"] == "undefined-type")
    assert sarif["version"] == "2.1.0"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 7}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "undefined-type"


def test_github_escapes_what_its_commands_would_misread(checked: Checked) -> None:
    line = next(line for line in render("github", [checked]).splitlines() if "undefined-type" in line)
    assert line.startswith("::error file=a%2Cb/t.sql,line=3,col=7,title=undefined-type::type ")


def test_gitlab_gives_each_finding_a_fingerprint(checked: Checked) -> None:
    found = json.loads(render("gitlab", [checked]))
    assert len({item["fingerprint"] for item in found}) == len(found)
    assert {item["severity"] for item in found} == {"critical", "info"}


def test_every_finding_in_the_source_is_a_listed_rule() -> None:
    assert {finding.rule for finding in validate(SQL, dialect="postgresql").findings} <= set(RULES)
