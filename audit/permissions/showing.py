"""A call as a person reads it before allowing it: all of it, or it is not shown for that at all."""

import json
import re
import shlex

from audit.permissions.calls import Call
from config.secrets import scrub

LONGEST_SHOWN = 64_000
"""Characters of a call that somebody can be expected to read."""
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def told(call: Call) -> str:
    """All that may run, with signs that a terminal would act on spelled out."""
    if call.tool == "Bash":
        texts = [text if isinstance(text, str) else shlex.join(text) for text in call.commands()]
    else:
        texts = [call.tool, json.dumps(call.input, ensure_ascii=False)]
    return _UNSEEN.sub(lambda sign: repr(sign[0])[1:-1], "\n".join(texts))


def cannot_be_shown(call: Call) -> str:
    """Why nobody can be asked to allow the call; empty where it can be shown as it is."""
    try:
        text = json.dumps(call.input, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return "it holds what is no text"
    if "\\u0000" in text:
        return "it holds what is no text"
    if len(text) > LONGEST_SHOWN:
        return f"it is longer than the {LONGEST_SHOWN:,} characters that are shown"
    if scrub(dict(call.input)) != dict(call.input):
        return "it holds a secret, which is shown to nobody: pass it in a variable or a file"
    return ""
