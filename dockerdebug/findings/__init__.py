"""Rules that name faults, one small pure function each, grouped by what they look at."""

from dockerdebug.findings import configuration, imports, interpreter, logs, modules, packages, state, venvs
from dockerdebug.findings.registry import (
    RULES,
    SEVERITIES,
    Case,
    Finding,
    Rule,
    Severity,
    judge,
)

__all__ = [
    "RULES",
    "SEVERITIES",
    "Case",
    "Finding",
    "Rule",
    "Severity",
    "configuration",
    "imports",
    "interpreter",
    "judge",
    "logs",
    "modules",
    "packages",
    "state",
    "venvs",
]
