"""The part of a message that stays when the same error happens again: values become placeholders.

The kinds and their order follow the public rules of error trackers (Sentry, Rollbar); the expressions are our own.
"""

import ipaddress
import re

MOST_LINES = 2
MOST_CHARACTERS = 1000  # of a line; more tells errors apart no better and only costs time

_NAME = r"(?:utf|ucs|iso|cp|windows|latin|sha|md|aes|rsa|tls|ipv|http|oauth|base|python|py|x)"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT(?:[+-]\d{4})?|[A-Z]{3,4}|[+-]\d{2}:?\d{2}))"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DOMAIN = r"(?:com|org|net|edu|gov|mil|int|info|biz|internal|local|localdomain|lan|cloud)"
_COUNTRY = r"(?:io|dev|app|ai|eu|us|uk|de|fr|nl|ch|at|be|es|it|se|no|fi|dk|pl|jp|cn|kr|au|nz|ca|br|mx|in|za)"

# The first kind that matches at a place wins, so the order matters.
_KINDS: dict[str, tuple[str, ...]] = {
    "name": (rf"\b{_NAME}[-_/.]?\d+(?:[-_.]\d+)*\b",),  # kept as it is: utf-8 and utf-16 are different errors
    "email": (r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+",),
    "url": (r"\b[a-zA-Z][a-zA-Z0-9+.-]{0,15}://[^\s'\"<>)\]}]+",),
    "traceparent": (r"\b[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b",),
    "uuid": (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",),
    "date": (
        r"datetime\.(?:datetime|date|time)\([^()]*(?:\([^()]*\)[^()]*)?\)",
        rf"\b\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK}{_ZONE}?)?",
        rf"\b{_DAY},?\s+\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}(?:\s+{_CLOCK}{_ZONE}?)?",
        rf"\b(?:{_DAY},?\s+)?{_MONTH}\s+\d{{1,2}},?(?:\s+\d{{4}})?\s+{_CLOCK}{_ZONE}?(?:\s+\d{{4}}\b)?(?:\s\(\w+\))?",
        rf"\b\d{{1,2}}\s{_MONTH}\s\d{{2,4}}(?:\s+{_CLOCK}{_ZONE}?)?",
        r"\b\d{1,2}/\d{1,2}/\d{2,4}\b",
        r"\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[AaPp][Mm]\b)?(?![\w:])",
    ),
    "ip": (
        r"(?<![\w.:])(?P<v4>\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?![\w:(]|\.\d)",
        r"(?<![\w.:])(?P<v6>[0-9a-fA-F:]{1,39}:[0-9a-fA-F.]{0,15})(?![\w:(]|\.\d)",
    ),
    "host": (rf"\b(?:(?:{_LABEL}\.)+{_DOMAIN}|(?:{_LABEL}\.){{2,}}{_COUNTRY})\b(?![.(]\w)",),
    "temporary": (r"(?:/private)?(?:/var)?/(?:tmp|folders)/[^\s/'\")]+", r"\btmp[a-z0-9_]{8}\b"),
    "hex": (
        r"\b0[xX][0-9a-fA-F]+\b",
        r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b",
        r"\b(?=[0-9A-F]*\d)(?=[0-9A-F]*[A-F])[0-9A-F]{8,}\b",
    ),
    "json": (r"(?<=\":)\s*(?:\"(?:[^\"\\]|\\.)*\"|true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}\]])",),
    "value": (r"(?<==)(?:'[^']*'|\"[^\"]*\"|(?:[Tt]rue|[Ff]alse|None|null)\b)",),
    "duration": (r"(?<![\w.])\d+(?:\.\d+)?(?:\s?(?:ns|us|ms|seconds?|secs?|minutes?|mins?|hours?)|[smhd])\b",),
    "float": (r"(?:(?<!\w)[-+])?(?<![\w.])\d+(?:\.\d+)+(?:[eE][-+]?\d+)?\b",),
    "int": (r"(?:(?<![\w)])[-+])?(?<![\w.])(?:\d{1,3}(?:[,_]\d{3})+|\d+)\b",),
    "token": (r"(?<![A-Za-z0-9])(?=[A-Za-z]*\d+[A-Za-z]+[A-Za-z0-9]*\d)(?=(?:[A-Za-z]*\d){3})[A-Za-z0-9]{10,}",),
}
_ANY = re.compile("|".join(f"(?P<{kind}>{'|'.join(forms)})" for kind, forms in _KINDS.items()))


def normalise_message(message: str) -> str:
    """The first lines of a message with every value replaced by its kind: `order <int> failed`."""
    lines = (line.strip() for line in message.splitlines())
    kept = [line[:MOST_CHARACTERS] for line in lines if line][:MOST_LINES]
    return "\n".join(_ANY.sub(_placeholder, line) for line in kept)


def _placeholder(match: re.Match[str]) -> str:
    kind, text = match.lastgroup, match.group()
    if kind == "name" or (kind == "ip" and not _is_address(match["v4"] or match["v6"])):
        return text
    return f"<{kind}>"


def _is_address(text: str) -> bool:
    """Rust's `Option::` and `Fee::add` look like IPv6; without a digit none is taken for one."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(character.isdigit() for character in text)
