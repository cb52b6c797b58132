"""Qwen Code: Claude Code's words and event names."""

from audit.dialects.claude import Claude
from audit.dialects.dialect import Verified


class Qwen(Claude):
    title = "Qwen Code"
    waits_seconds = 60.0
    verified = Verified("run", "0.24.4")
    defers = frozenset()
    fails_closed = ""


DIALECT = Qwen()
