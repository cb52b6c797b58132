"""Takes secrets out of what reporters send, before anything is stored, grouped or recorded.

Reporters' own scrubbers blank whole key names at the top level only; nested headers, `client_secret_value` and an
object's repr come through. So this one looks at every depth, for parts of key names, and for the shapes of secrets
inside text. When in doubt it removes: a lost word costs less than a leaked key.
"""

from typing import Any

from config import secrets

MARK = "[scrubbed]"


def scrub(value: Any) -> Any:
    """A JSON value without its secrets, at every depth; what stands under a secret's name goes whole."""
    return secrets.scrub(value, MARK)


def scrub_text(text: str) -> str:
    """A text without its secrets."""
    return secrets.blank(text, MARK)
