import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from schemacheck.checker.checked import Checked, fingerprint
from schemacheck.checker.rules import RULES
from schemacheck.checker.validator import validate
from schemacheck.formats import render

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


IGNORED = "ALTER TABLE t DROP COLUMN a; -- schemacheck: ignore drop-column nobody reads it\n"


def hidden() -> Checked:
    return Checked(path="dir one/é.sql", sql=IGNORED, report=validate(IGNORED, dialect="postgresql").as_dict())


SARIF = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool", "results"],
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name", "rules"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "additionalProperties": False,
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": {"$ref": "#/$defs/message"},
                                                "fullDescription": {"$ref": "#/$defs/message"},
                                                "help": {"$ref": "#/$defs/message"},
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "properties": {"level": {"$ref": "#/$defs/level"}},
                                                },
                                                "properties": {"type": "object"},
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": {"$ref": "#/$defs/level"},
                                "message": {"$ref": "#/$defs/message"},
                                "partialFingerprints": {"type": "object"},
                                "properties": {"type": "object"},
                                "suppressions": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["kind"],
                                        "properties": {"kind": {"enum": ["inSource", "external"]}},
                                    },
                                },
                                "locations": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {
                                                        "properties": {"uri": {"pattern": "^[^ \\\\]+$"}}
                                                    },
                                                    "region": {
                                                        "properties": {
                                                            "startLine": {"type": "integer", "minimum": 1},
                                                            "startColumn": {"type": "integer", "minimum": 1},
                                                        }
                                                    },
                                                },
                                            }
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
    "$defs": {
        "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "level": {"enum": ["none", "note", "warning", "error"]},
    },
}


def test_sarif_has_the_shape_of_its_standard(checked: Checked) -> None:
    sarif = json.loads(render("sarif", [checked, hidden()]))
    jsonschema.Draft202012Validator(SARIF).validate(sarif)
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in sarif["runs"][0]["results"])


def test_sarif_says_what_a_comment_suppressed_and_why() -> None:
    results = json.loads(render("sarif", [hidden()]))["runs"][0]["results"]
    suppressed = [result for result in results if "suppressions" in result]
    assert [result["ruleId"] for result in suppressed] == ["drop-column"]
    assert suppressed[0]["suppressions"] == [{"kind": "inSource", "justification": "nobody reads it"}]


def test_junit_has_a_suite_for_each_file(checked: Checked) -> None:
    odd = Checked(path="ok\x01.sql", sql="SELECT 1", report=validate("SELECT 1", dialect="postgresql").as_dict())
    root = ET.fromstring(render("junit", [checked, hidden(), odd]))
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["a,b/t.sql", "dir one/é.sql", "ok?.sql"]
    failed = suites[0].find("testcase[@name='undefined-type']/failure")
    assert failed is not None
    assert "line 3" in str(failed.text)
    assert suites[1].find("testcase[@name='drop-column']/skipped") is not None
    for suite in suites:
        assert int(suite.get("tests", "0")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "0")) == len(suite.findall("testcase/failure"))


def test_a_fingerprint_outlives_lines_added_above(checked: Checked) -> None:
    moved = f"-- one\n-- two\n{SQL}"
    later = Checked(path=checked.path, sql=moved, report=validate(moved, dialect="postgresql").as_dict())
    assert {fingerprint(checked, item) for item in checked.findings} == {
        fingerprint(later, item) for item in later.findings
    }
