"""What in a log or a document speaks of trouble: it is what somebody looks for, so compression keeps it."""

import re

_TROUBLE = (
    r"errors?|err|fail(?:ed|ure|ures|s|ing)?|fatal|exceptions?|critical|severe|emerg(?:ency)?|panic(?:ked)?|traceback"
    r"|refused|denied|forbidden|unauthorized|time[ds]?[ -]?out|unreachable|corrupt(?:ed|ion)?|abort(?:ed|ing)?|segfault"
    r"|oom|killed|crash(?:ed|es)?|deadlock|overflow(?:ed)?|unhandled|cannot|could not|lost"
)
_ALARM = re.compile(
    rf"(?<![a-z0-9])(?<!no )(?<!0 )(?<!without )(?:{_TROUBLE})(?![a-z])(?!\s*[:=]\s*(?:0|none|null|false|no)\b)"
    r"|[a-z](?:error|exception|failure)(?![a-z])",
    re.IGNORECASE,
)
_WARNING = re.compile(r"(?<![a-z])warn(?:ing)?(?![a-z])", re.IGNORECASE)
LONGEST = 2_000
"""Characters of a line or value that are looked at."""


def is_alarm(text: str) -> bool:
    """Whether it says that something went wrong; `0 errors`, `no error` and `error=null` do not."""
    return bool(_ALARM.search(text[:LONGEST]))


def is_warning(text: str) -> bool:
    return bool(_WARNING.search(text[:LONGEST]))
