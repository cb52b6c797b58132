import re
from pathlib import Path
from typing import Any

import pytest

from schemacheck.checker.rules import RULES
from schemacheck.rules_page import render

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "schemacheck-rules.md"
OTHERS = "### What others look for"
FACTS = {"locks", "scans", "rewrites", "fix"}


def test_the_page_of_rules_is_what_the_code_says() -> None:
    how = "write it anew: python -m schemacheck.rules_page > docs/schemacheck-rules.md"
    assert PAGE.read_text() == render(), how


def test_what_others_look_for_is_a_rule_or_has_a_reason() -> None:
    rows = re.findall(
        r"^\| (?!what|-)(.+?) \| (.+) \|$", (DOCS / "schemacheck.md").read_text().partition(OTHERS)[2], re.MULTILINE
    )
    assert len(rows) >= 50
    named: set[str] = set()
    for what, answer in rows:
        codes = set(re.findall(r"`([^`]+)`", answer)) - FACTS
        assert codes <= RULES.keys(), what
        assert codes or answer.startswith("not: "), what
        named |= codes
    families = {"verdicts", "sqlite", "live", "django"}  # what the proof itself says, which no other tool has
    safety = {rule.code for rule in RULES.values() if rule.family not in families}
    assert safety <= named, "a rule nobody else has needs a line too, or goes"


@pytest.mark.django_db
def test_the_readme_shows_what_a_check_of_a_real_migration_says(run_command: Any) -> None:
    readme = (DOCS.parent / "schemacheck" / "README.md").read_text()
    shown = re.search(
        r"^    \$ \.venv/bin/python manage.py (schemacheck --migrations .+)\n((?:    .+\n)+)", readme, re.MULTILINE
    )
    assert shown
    code, out, _ = run_command(*shown[1].split())
    said = " ".join(shown[2].split()).removeprefix("...").removesuffix("...").strip()
    assert code == 0
    assert said in " ".join(out.split())
