"""Secrets whose name stands beside them, in code, markup and SQL: `setenv("DB_PASSWORD", "x")`, `login("bob", "x")`,
`<property name="password" value="x"/>`, `INSERT INTO users (name, password) VALUES ('bob', 'x')`.
"""

import re
from collections.abc import Iterator

from config.secrets.mark import Span, tells_nothing
from config.secrets.names import is_secret_name


def _string(value: str) -> str:
    return (
        rf"(?P<{value}_quote>\\{{0,3}}+['\"])(?P<{value}>(?:(?!(?P={value}_quote))[^\r\n]){{1,400}}+)(?P={value}_quote)"
    )


_CALL = re.compile(
    r"(?<![\w.-])(?P<name>[\w.-]{1,100}+)(?:[ ]?=[ ]?(?P<wrapper>[\w.]{0,60}+))?\(\s{0,3}+"
    + _string("first")
    + rf"(?:\s{{0,3}}+,\s{{0,3}}+{_string('second')})?"
)
_SIGNS_IN = re.compile(r"(?:login|auth)$", re.IGNORECASE)
"""Calls that take a user and then the password."""
_OF_A_STORE = re.compile(r"^(?:get|find|read|load|fetch|delete|remove|has|is|reset|validate|forgot)", re.IGNORECASE)
"""Calls that take the name of a secret, not the secret."""
_CONNECTION = re.compile(
    r"getConnection\([^,()\r\n]{1,300}+,[^,()\r\n]{1,100}+,\s{0,3}+" + _string("first"),
)
_NAMED_ARGUMENT = re.compile(
    r"(?<![\w.])(?P<call>[\w.]{0,60}+)\(\s{0,3}+['\"](?P<name>[\w.:-]{1,100}+)['\"]\s{0,3}+,\s{0,3}+" + _string("first")
)
_SETS = re.compile(r"set|put|define", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[A-Za-z_ .-]+")
_INSERT = re.compile(
    r"insert\s{1,9}+into\s{1,9}+[^\s()]{1,200}+\s{0,9}+\((?P<columns>[^()]{1,4000}+)\)\s{0,9}+values\s{0,9}+(?=\()",
    re.IGNORECASE,
)
_SQL_VALUE = re.compile(r"\s*+(?P<value>[EeNn]?'(?:[^']|'')*+'|[^,()']{0,400}+(?:\([^()]{0,400}+\))?)\s*+(?P<end>[,)])")
_NEXT_ROW = re.compile(r"\s*+,?\s*+\(")


def find_in_calls(text: str) -> list[Span]:
    """`set_password("x")`, `auth=("bob", "x")`, `SetBasicAuth("bob", "x")`, `setenv("DB_PASSWORD", "x")`."""
    spans = [match.span("first") for match in _CONNECTION.finditer(text)]
    spans += [span for match in _CALL.finditer(text) for span in _arguments(match)]
    for match in _NAMED_ARGUMENT.finditer(text):
        is_value = _SETS.search(match["call"]) or not _IDENTIFIER.fullmatch(match["first"])
        if is_value and is_secret_name(match["name"]):
            spans.append(match.span("first"))
    return sorted(span for span in spans if not tells_nothing(text[slice(*span)]))


def _arguments(match: re.Match[str]) -> Iterator[Span]:
    names = [name for name in (match["name"], match["wrapper"]) if name]
    if any(_SIGNS_IN.search(name) for name in names):
        if match["second"]:
            yield match.span("second")
    elif any(is_secret_name(name) and not _OF_A_STORE.search(name.rsplit(".", 1)[-1]) for name in names):
        is_assigned = match["wrapper"] is not None
        if not _IDENTIFIER.fullmatch(match["first"]) or (is_assigned and is_secret_name(match["wrapper"])):
            yield match.span("first")


def find_in_inserts(text: str) -> Iterator[Span]:
    """Values of an INSERT whose column has a secret's name."""
    for match in _INSERT.finditer(text):
        columns = [column.strip(' \t\r\n"`[]') for column in match["columns"].split(",")]
        secret = {index for index, column in enumerate(columns) if is_secret_name(column)}
        if secret:
            yield from _values(text, match.end(), secret)


def _values(text: str, at: int, places: set[int]) -> Iterator[Span]:
    while row := _NEXT_ROW.match(text, at):
        at, place = row.end(), 0
        while value := _SQL_VALUE.match(text, at):
            if place in places and "'" in value["value"] and not tells_nothing(value["value"]):
                yield value.span("value")
            at, place = value.end(), place + 1
            if value["end"] == ")":
                break
        else:
            return
