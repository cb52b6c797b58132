import pytest

from schemacheck.checker.policy import Policy
from schemacheck.checker.rules import RULES
from schemacheck.checker.validator import validate

EXAMPLES = [rule for rule in RULES.values() if rule.bad and rule.dialect == "postgresql"]


EVERY = Policy(select=frozenset({"all"}))


def fired(sql: str, policy: Policy = EVERY) -> set[str]:
    report = validate(sql, dialect="postgresql", policy=policy)
    return {finding.rule for finding in report.findings}


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.code)
def test_a_rule_fires_on_its_bad_examples_and_not_on_its_good_ones(rule) -> None:
    for bad in (rule.bad, *rule.also_bad):
        assert rule.code in fired(bad), bad
    for good in (rule.good, *rule.also_good):
        assert rule.code not in fired(good), good


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.code)
def test_examples_parse(rule) -> None:
    for example in (rule.bad, rule.good, *rule.also_bad, *rule.also_good):
        assert "syntax-error" not in fired(example), example


def test_a_table_made_by_the_script_may_be_changed_at_will() -> None:
    new = "CREATE TABLE t (id bigint PRIMARY KEY, a int);"
    changes = "CREATE INDEX ON t (a); ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ADD UNIQUE (a); DROP TABLE t;"
    assert fired(new + changes, Policy()) == {"proof-limited"}


def test_every_rule_has_a_title_and_a_reason() -> None:
    assert all(rule.title and rule.why and rule.code == rule.code.lower() for rule in RULES.values())
