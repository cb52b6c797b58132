"""Secrets in a text: every kind is looked for in turn, and each look reads the text a bounded number of times.

Long texts come from whoever likes to send them, and the interpreter is held while one pattern searches. So no pattern
here is tried at a place more often than once: runs are taken whole (`++`), what a name or an option says is decided in
Python between two matches, and what comes before a match is looked at through a window.
"""

import re
from collections.abc import Callable, Iterator

from config.secrets.commands import find_in_commands
from config.secrets.mark import Span, put_marks, tells_nothing
from config.secrets.names import is_secret_name
from config.secrets.shapes import find_credentials, find_oracle, find_tokens, find_userinfo

_HEXADECIMAL = re.compile(r"[0-9a-f-]*+")
_QUOTE = r"(?:\\{0,8}+['\"]|&quot;|&#3[49];)"
_SIGN = r"(?::=|:|={1,3}+>?|%3[aAdD])"
_BLOCK = r"(?:[|>][-+]?[ \t]*\r?\n[ \t]*)?"  # of YAML: the value begins in the next line
_NAMED = re.compile(rf"(?<![\w.-])(?P<name>[\w.-]++){_QUOTE}?\]?\s{{0,3}}+(?P<sign>{_SIGN})\s{{0,3}}+{_BLOCK}")
_TWO_WORDS = re.compile(
    r"(?<![a-z])(?:(?:api|access|private|secret|signing|encryption|master|account|ssh) key|connection string)$",
    re.IGNORECASE,
)
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_OPENING = re.compile(rf"b?{_QUOTE}")
_REST_OF_STRING = {
    '"': re.compile(r"(?:[^\"\\\r\n]|\\[^\r\n])*+(?=\")"),
    "'": re.compile(r"(?:[^'\\\r\n]|\\[^\r\n]|'')*+(?=')"),
}
_REST_OF_LINE = re.compile(r"[^'\"`\r\n]+")
_REST_OF_PART = re.compile(r"[^;'\"\r\n]+")
_BARE = re.compile(
    r"(?:\[secret\]|[^\s,;&|'\"`\\)}\]<>]|[)}\]](?![\s,;.:&|'\"`)}\]\\]|\Z)|\\(?![\s'\"nrt]|\\*+['\"]|\Z))++"
)
_NO_VALUES = frozenset(
    "none null true false undefined nil str int bytes string bool boolean any object required missing optional".split()  # noqa: SIM905
)
_FLAG = re.compile(r"(?<![\w.-])--?(?P<name>[A-Za-z][\w.-]*+)[ \t]++")
_SET = re.compile(
    r"(?<![\w.-])(?:config(?:ure)?[ \t]++set|setx?|config)[ \t]++(?:--[\w-]++[ \t]++)*+(?P<name>[^\s=]++)[ \t]++"
)
_ELEMENT = re.compile(r"<(?P<name>[\w:.-]++)>(?=[^<\s])")
_IN_ELEMENT = re.compile(r"[^<]++")
_QUERY = re.compile(r"[?&;](?:x-(?:amz|goog|ms)-)?(?:sig|key)=", re.IGNORECASE)
_IN_QUERY = re.compile(r"[^&\s'\"<>]++")
# `PASSWORD 'x'` and `IDENTIFIED BY 'x'` in SQL, `password x1` in .netrc and in prose.
_SAID = re.compile(r"[pPiI](?i:assword|assphrase|asswd|dentified[ \t]++by)(?i:[ \t]++(?:is|was|to|now|of))*+[ \t]++")
_ECHO = re.compile(
    r"(?:echo|printf)[ \t]++(?:-\w++[ \t]++|['\"]?%s[^\s]*+[ \t]++)*+(?P<value>[^|\r\n]{1,200}+)\|[^|\r\n]{0,200}+$"
)
_FROM_INPUT = ("chpasswd", "--password-stdin", "--with-token", "sudo -S", "sudo -kS", "passwd --stdin")
_LONGEST_PIPE = 500


def blank(text: str) -> str:
    """`text` with a mark for its secrets: known shapes, passwords of URLs and commands, headers, `name=value` pairs."""
    # Too short for a shape, and nothing is assigned: spares lists of words, and ids of all kinds.
    if (len(text) < 16 and text.isalnum()) or _HEXADECIMAL.fullmatch(text):
        return text
    for sign, find in _FINDERS:
        if any(each in text for each in sign):
            text = put_marks(text, find(text))
    return text


def _find_named(text: str) -> Iterator[Span]:
    """`name=value`, `name: value`, `"name": "value"`, headers; also escaped and percent-encoded."""
    position = 0
    for match in _NAMED.finditer(text):
        if match.start() < position or not _is_named(text, match):
            continue
        start, end = _value(text, match)
        value = text[start:end]
        if tells_nothing(value) or (end - start < 10 and value.lower() in _NO_VALUES):
            continue
        if ":" in match["sign"] and len(value) < 3:  # "Unexpected token: }" is no secret
            continue
        position = end
        yield start, end


def _is_named(text: str, match: re.Match[str]) -> bool:
    name = match["name"]
    if is_secret_name(name):
        return True
    end = match.end("name")
    return name[:3].lower() in {"key", "str"} and bool(_TWO_WORDS.search(text, max(0, end - 30), end))


def _value(text: str, match: re.Match[str]) -> Span:
    at = match.end()
    if opening := _OPENING.match(text, at):
        return opening.end(), _end_of_string(text, opening)
    pattern = _BARE
    if match["name"].lower().lstrip("-") in _HEADERS:
        pattern = _REST_OF_LINE
    elif text.startswith(";", match.start() - 1):  # a connection string: blanks belong to the value
        pattern = _REST_OF_PART
    found = pattern.match(text, at)
    return found.span() if found else (at, at)


def _end_of_string(text: str, opening: re.Match[str]) -> int:
    """Where the string ends; of one that is cut off, the end of its line."""
    quote, at = opening[0].removeprefix("b"), opening.end()
    if quote in _REST_OF_STRING:
        found = _REST_OF_STRING[quote].match(text, at)
        end = found.end() if found else -1
    else:
        end = text.find(quote, at)
        line = re.compile(r"[^\r\n]*+").match(text, at, max(end, at))
        end = -1 if end < 0 or (line and line.end() < end) else end
    if end < 0:
        found = _BARE.match(text, at)
        end = found.end() if found else at
    return end


def _after(
    pattern: re.Pattern[str], inside: re.Pattern[str] | None, *, has_digit: bool = False
) -> Callable[[str], Iterator[Span]]:
    """Finds what follows a pattern, where its name (if it has one) is a secret's."""

    def find(text: str) -> Iterator[Span]:
        end = 0
        for match in pattern.finditer(text):
            if match.start() < end or ("name" in pattern.groupindex and not is_secret_name(match["name"])):
                continue
            start, end, quoted = _word(text, match.end(), inside)
            value = text[start:end]
            if tells_nothing(value) or value.startswith("-"):
                continue
            if has_digit and not quoted and not (re.search(r"\d", value) and re.search(r"\D", value)):
                continue
            yield start, end

    return find


def _word(text: str, at: int, inside: re.Pattern[str] | None) -> tuple[int, int, bool]:
    if inside is None and (opening := _OPENING.match(text, at)):
        return opening.end(), _end_of_string(text, opening), True
    found = (inside or _BARE).match(text, at)
    return (*found.span(), False) if found else (at, at, False)


def _find_piped(text: str) -> list[Span]:
    """`echo X | sudo -S`, `echo user:X | chpasswd`: what a command that asks for a password reads."""
    spans = []
    for reader in _FROM_INPUT:
        at, before = text.find(reader), 0
        while at >= 0:
            found = _ECHO.search(text, max(before, at - _LONGEST_PIPE), at)
            before = at
            if found and not tells_nothing(found["value"].strip("'\" ")):
                value = found["value"]
                start = found.start("value") + (value.find(":") + 1 if reader == "chpasswd" else 0)
                spans.append((start, found.start("value") + len(value.rstrip())))
            at = text.find(reader, at + len(reader))
    return sorted(set(spans))


# What a text must have for a look to be worth it, and the look.
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[str], "Iterator[Span] | list[Span]"]], ...] = (
    (("",), find_tokens),
    (("://",), find_userinfo),
    (("jdbc:",), find_oracle),
    (("sig=", "key=", "SIG=", "KEY=", "Key="), _after(_QUERY, _IN_QUERY)),
    ((" -", "login ", " put ", " write ", "secret", "config:set", "sqlplus "), find_in_commands),
    ((_FROM_INPUT), _find_piped),
    ((":", "=", "%3"), _find_named),
    ((" ",), find_credentials),
    (("-",), _after(_FLAG, None)),
    (("set ", "setx ", "config "), _after(_SET, None, has_digit=True)),
    (("</",), _after(_ELEMENT, _IN_ELEMENT)),
    ((" '", ' "', " "), _after(_SAID, None, has_digit=True)),
)
