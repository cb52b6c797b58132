from pathlib import Path

from schemacheck.rules import RULES

PAGE = Path(__file__).parents[2] / "docs" / "schemacheck.md"


def test_every_rule_is_on_its_page_as_it_is() -> None:
    lines = PAGE.read_text().splitlines()
    for rule in RULES.values():
        assert f"| `{rule.code}` | {rule.severity.value} | {rule.sqlstate or ''} | {rule.title} |" in lines, rule.code


def test_the_page_names_no_rule_that_is_gone() -> None:
    named = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")}
    assert named == set(RULES)
