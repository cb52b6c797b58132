"""Which doors offer an operation, and why a door leaves something out: a module for each app.

tests/project/test_parity.py holds the table to the doors, and the doors to the table.
"""

from tests.project.operations import audit, dockerdebug, escalation, prompts, schemacheck, visioncache

_APPS = (audit, dockerdebug, escalation, prompts, schemacheck, visioncache)
OPERATIONS = [operation for app in _APPS for operation in app.OPERATIONS]
APART = {name: reason for app in _APPS for name, reason in app.APART.items()}
"""Functions, endpoints and verbs that have no second door to be compared with, and why."""
