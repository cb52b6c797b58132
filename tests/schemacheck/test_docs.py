from pathlib import Path

from schemacheck.rules.page import render

PAGE = Path(__file__).parents[2] / "docs" / "schemacheck-rules.md"


def test_the_page_of_rules_is_what_the_code_says() -> None:
    how = "write it anew: python -m schemacheck.rules.page > docs/schemacheck-rules.md"
    assert PAGE.read_text() == render(), how
