"""Every finding a check can make, each under a stable code, and the safety rules that look at one statement.

A family is a module; its rules are functions marked with `@rule`. `bad` must trigger the rule and `good` must not:
the tests run both.
"""

from schemacheck.rules import columns, constraints, indexes, removals, tables, transactions, verdicts
from schemacheck.rules.registry import RULES, Rule, run_rules

__all__ = ["RULES", "Rule", "run_rules"]

_FAMILIES = (columns, constraints, indexes, removals, tables, transactions, verdicts)
