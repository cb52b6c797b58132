"""Every finding a check can make, each under a stable code, and the safety rules that look at one statement.

A family is a module; its rules are functions marked with `@rule`. `bad` must trigger the rule and `good` must not:
the tests run both.
"""

from schemacheck.checker.rules import (
    access,
    columns,
    constraints,
    django,
    indexes,
    live,
    maintenance,
    names,
    removals,
    tables,
    transactions,
    verdicts,
)
from schemacheck.checker.rules.registry import RULES, Rule, is_wanted, recognised, run_rules, run_script_rules

__all__ = ["RULES", "Rule", "is_wanted", "observe", "recognised", "run_rules", "run_script_rules"]

observe = transactions.observe
# Importing a module registers its rules.
_MODULES = (access, columns, constraints, django, indexes, live, maintenance, names, removals, tables, verdicts)
