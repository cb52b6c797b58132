"""What we propose instead passes our own check: in place of the statement, behind it, or behind the script."""

import re
from typing import Any

import psycopg
import pytest

from schemacheck.checker.findings import Report
from schemacheck.checker.policy import Policy
from schemacheck.checker.reading.parser import parse
from schemacheck.checker.rules import RULES
from schemacheck.checker.validator import validate
from tests.schemacheck import test_scripts as scripts
from tests.schemacheck.test_postgres import STATEMENTS
from tests.schemacheck.test_scripts import database, place  # noqa: F401  -- fixtures

EVERY = Policy(select=frozenset({"all"}))
EXAMPLES = [
    example
    for rule in RULES.values()
    if rule.dialect == "postgresql" and rule.bad
    for bad in (rule.bad, *rule.also_bad)
    for example in (bad, f"BEGIN;\n{bad}")
]
SCRIPTS = [*scripts.MADE, *scripts.DEPENDENTS, *scripts.INDEXES, *scripts.VIEWS, *scripts.TRANSACTIONS, *scripts.WORK]
NAME, COLUMN = re.compile(r"[\w.\"]+\Z"), re.compile(r"[\w\"]+ [^;]+\Z")


def judged(script: str, connection: Any) -> Report:
    return validate(script, dialect="postgresql", connection=connection, policy=EVERY)


def is_sound(script: str, start: int, connection: Any) -> bool:
    """Whether nothing is refused from a statement on."""
    return not any(statement.errors for statement in judged(script, connection).statements[start:])


def unsound(script: str, connection: Any = None) -> list[tuple[str, str]]:
    """The rules whose fixes we refuse ourselves; of statements that are refused anyhow nothing can be told."""
    found = []
    texts = [f"{statement.sql.strip()};\n" for statement in parse(script).statements]
    for said in judged(script, connection).statements:
        before, upto, whole = ("".join(texts[:end]) for end in (said.index, said.index + 1, len(texts)))
        for finding in said.findings:
            if not finding.fix or said.errors or "..." in finding.fix:  # the reader has to say what stands there
                continue
            if NAME.match(finding.fix):
                assert is_sound(f"DROP TABLE {finding.fix}", 0, None)
                continue
            if COLUMN.match(finding.fix):
                tried = [(f"{whole}CREATE TABLE handrail_tried ({finding.fix});", len(texts))]
            else:
                tried = [(before + finding.fix, said.index), (upto + finding.fix, said.index)]
                tried.append((whole + finding.fix, len(texts)))
            if not any(is_sound(text, start, connection) for text, start in tried):
                found.append((finding.rule, finding.fix))
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_fixes_of_every_rule_s_examples_are_sound(example: str) -> None:
    assert unsound(example) == []


@pytest.mark.services
@pytest.mark.parametrize("statement", STATEMENTS)
def test_fixes_of_single_statements_are_sound(shop: psycopg.Connection[Any], statement: str) -> None:
    assert unsound(statement, shop) == []


@pytest.mark.services
@pytest.mark.parametrize("script", SCRIPTS)
def test_fixes_within_scripts_are_sound(database: psycopg.Connection[Any], script: str) -> None:  # noqa: F811
    assert unsound(script, database) == []
