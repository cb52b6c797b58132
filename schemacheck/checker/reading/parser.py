"""The only module that calls the grammar: PostgreSQL's own, through postgast (BSD) over libpg_query.

Positions that leave this module count from 1, in characters; libpg_query counts bytes from 0.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import postgast
from google.protobuf.message import DecodeError, Message
from postgast import pg_query_pb2 as ast

from schemacheck.checker.clock import Clock
from schemacheck.checker.reading.splitter import Piece, is_too_deep, split
from schemacheck.checker.source import MAX_STATEMENT_CHARS, Source

try:  # 50 nested operators already exceed the decoder's default of 100 messages
    from google._upb import _message

    _message.SetAllowOversizeProtos(True)
except (ImportError, AttributeError):  # pragma: no cover - another protobuf backend: deep statements are refused
    pass

GRAMMAR_VERSION = 18
_TOO_COMPLEX = "54001"
UNREADABLE = {"22021", _TOO_COMPLEX}
_SQLSTATES = {  # what gram.y refuses with another state than that of a syntax error
    "modulus for hash partition": "42710",
    "remainder for hash partition": "42710",
    "precision for type float": "22023",
    "unrecognized partitioning strategy": "22023",
    "current database cannot be changed": "0A000",
    "aggregates cannot have output arguments": "0A000",
    "UNENCRYPTED PASSWORD is no longer supported": "0A000",
}
_UNSUPPORTED = re.compile(r"not yet implemented|constraints cannot be marked")
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTES = re.compile(r"['$]|--|/\*")
_NEAR = re.compile(r' at or near "(?P<near>.*)"\Z', re.DOTALL)
_CLOSING = {
    "unterminated quoted string": "Close the string with a single quote; write a quote inside it twice.",
    "unterminated quoted identifier": "Close the identifier with a double quote.",
    "unterminated dollar-quoted string": "Repeat the opening dollar tag at the end of the string.",
    "unterminated /* comment": "Close the comment with */.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a statement did not parse, at a character of the script (None at its end)."""

    message: str
    sqlstate: str
    line: int
    column: int
    hint: str = ""


@dataclass(slots=True)
class Statement:
    """One statement: its text, where it stands, and its tree, or why it has none."""

    index: int
    source: Source
    offset: int
    sql: str
    kind: str
    node: Any = None
    problem: Problem | None = None
    shape: Any = None  # what `lowering.shape_of` made of the tree
    _tokens: list[tuple[int, str]] | None = field(default=None, repr=False)

    @property
    def line(self) -> int:
        """The line the statement begins on."""
        return self.source.position(self.offset)[0]

    def at(self, location: int) -> tuple[int, int]:
        """Line and column of a byte of the statement, as the tree gives locations; -1 is its beginning."""
        if location <= 0:
            return self.source.position(self.offset)
        before = self.sql if self.sql.isascii() else self.sql.encode()[:location].decode(errors="ignore")
        chars = location if self.sql.isascii() else len(before)
        return self.source.position(self.offset + min(chars, len(self.sql)))

    def find(self, name: str, *, after: int = 0) -> int:
        """The byte at which a name or word first stands at or after a location; `after` if it does not."""
        if self._tokens is None and self.sql.isascii() and not _QUOTES.search(self.sql):
            return self._find_word(name, after)
        for start, text in self.tokens():
            if start >= after and (text == name or text.lower() == name.lower() or _unquoted(text) == name):
                return start
        return after

    def _find_word(self, name: str, after: int) -> int:
        """As `find`, where no comment and no string can mislead a search of the text."""
        text, word = self.sql.lower(), name.replace('"', '""').lower()
        start = text.find(word, max(after, 0)) if word else -1
        while start >= 0:
            end = start + len(word)
            if text[start - 1 : start] == '"' and text[end : end + 1] == '"' and start > after:
                return start - 1
            if not _in_word(text, start - 1) and not _in_word(text, end):
                return start
            start = text.find(word, start + 1)
        return after

    def tokens(self) -> list[tuple[int, str]]:
        """Each token of the statement with the byte it begins at."""
        if self._tokens is None:
            raw = self.sql.encode()
            try:
                scanned = postgast.scan(self.sql)
                self._tokens = [(token.start, raw[token.start : token.end].decode()) for token in scanned.tokens]
            except postgast.PgQueryError:
                self._tokens = []
        return self._tokens


class Parsed(NamedTuple):
    """A script's statements; `rest` is where its time ran out."""

    source: Source
    statements: list[Statement]
    rest: Piece | None


def parse(script: str, clock: Clock | None = None) -> Parsed:
    """The statements of a script; one that does not parse carries its problem and the others their trees."""
    source = Source(script)
    statements: list[Statement] = []
    pieces = split(script)
    for piece in pieces:
        statement = _parse_piece(source, piece, len(statements))
        if statement is not None:
            statements.append(statement)
        if clock is not None and clock.is_over:
            return Parsed(source, statements, next(pieces, None))
    return Parsed(source, statements, None)


def walk(node: Message) -> Iterator[Message]:
    """Every message below a node; without recursion, for trees are as deep as their authors like."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        for descriptor, value in current.ListFields():
            if descriptor.message_type is None:
                continue
            if isinstance(value, Message):
                pending.append(value)
            else:
                pending.extend(reversed(value))


def expression_sql(node: Message) -> str | None:
    """An expression as SQL text; None if it cannot be written back."""
    result = ast.ParseResult(version=180004)
    target = result.stmts.add().stmt.select_stmt.target_list.add()
    target.res_target.val.CopyFrom(node)
    try:
        text = postgast.deparse(result)
    except postgast.PgQueryError:
        return None
    return text.removeprefix("SELECT ") if text.startswith("SELECT ") else None


def partition_bound(text: str) -> Any:
    """The bound of a partition, as the server writes it."""
    return postgast.parse(f"CREATE TABLE a PARTITION OF b {text}").stmts[0].stmt.create_stmt.partbound


def _parse_piece(source: Source, piece: Piece, index: int) -> Statement | None:
    statement = Statement(index, source, piece.offset, piece.text, "unknown")
    if len(piece.text) > MAX_STATEMENT_CHARS:
        return statement
    if "\0" in piece.text:
        line, column = source.position(piece.offset + piece.text.index("\0"))
        hint = "Remove the NUL character; PostgreSQL cannot store one in text."
        statement.problem = Problem("invalid character NUL in the statement", "22021", line, column, hint)
        return statement
    if not piece.text.isascii() and (surrogate := _SURROGATE.search(piece.text)):
        line, column = source.position(piece.offset + surrogate.start())
        hint = "Send the script as valid UTF-8."
        statement.problem = Problem("invalid character in the statement: a lone surrogate", "22021", line, column, hint)
        return statement
    if is_too_deep(piece.text):
        return _refuse_as_too_deep(statement)
    try:
        result = postgast.parse(piece.text)
    except postgast.PgQueryError as error:
        return _refuse(statement, error)
    except DecodeError:
        return _refuse_as_too_deep(statement)
    if not result.stmts:
        return None
    wrapper = result.stmts[0].stmt
    kind = wrapper.WhichOneof("node") or ""
    statement.node = getattr(wrapper, kind) if kind else None
    statement.kind = kind_of(kind, statement.node)
    return statement


def _refuse(statement: Statement, error: postgast.PgQueryError) -> Statement:
    if error.message.startswith("memory exhausted"):
        return _refuse_as_too_deep(statement)
    offset = max(error.cursorpos - 1, 0)  # in characters, though trees have bytes
    line, column = statement.source.position(statement.offset + min(offset, len(statement.sql)))
    message = error.message
    near = _NEAR.search(message)
    at_end = offset >= len(statement.sql)
    if at_end and message.startswith("syntax error"):
        message = "syntax error at end of input"
    elif near and len(near["near"]) > 80:
        message = message[: near.start("near")] + near["near"][:80] + '..."'
    hint = next((text for start, text in _CLOSING.items() if message.startswith(start)), "")
    sqlstate = next((state for start, state in _SQLSTATES.items() if message.startswith(start)), "42601")
    if _UNSUPPORTED.search(message):
        sqlstate = "0A000"
    statement.problem = Problem(message, sqlstate, line, column, hint)
    statement.kind = _guess_kind(statement.sql)
    return statement


def _refuse_as_too_deep(statement: Statement) -> Statement:
    line, column = statement.source.position(statement.offset)
    statement.problem = Problem(
        "the statement nests too deeply to be checked", _TOO_COMPLEX, line, column, "Split the expression into parts."
    )
    statement.kind = _guess_kind(statement.sql)
    return statement


def _guess_kind(sql: str) -> str:
    words = re.findall(r"[A-Za-z]+", sql[:200])[:6]
    skip = {"temp", "temporary", "unlogged", "global", "local", "unique", "or", "replace"}
    kept = [word.lower() for word in words if word.lower() not in skip]
    return "_".join(kept[:2]) if kept[:1] in (["create"], ["alter"], ["drop"]) else (kept or ["unknown"])[0]


_KINDS = {
    "create_stmt": "create_table",
    "create_table_as_stmt": "create_table_as",
    "index_stmt": "create_index",
    "view_stmt": "create_view",
    "create_enum_stmt": "create_type",
    "composite_type_stmt": "create_type",
    "create_range_stmt": "create_type",
    "create_seq_stmt": "create_sequence",
    "alter_seq_stmt": "alter_sequence",
    "create_trig_stmt": "create_trigger",
    "alter_enum_stmt": "alter_type",
    "variable_set_stmt": "set",
}
_OBJECTS = {
    ast.OBJECT_TABLE: "table",
    ast.OBJECT_INDEX: "index",
    ast.OBJECT_VIEW: "view",
    ast.OBJECT_MATVIEW: "materialized_view",
    ast.OBJECT_SEQUENCE: "sequence",
    ast.OBJECT_TYPE: "type",
    ast.OBJECT_DOMAIN: "domain",
    ast.OBJECT_SCHEMA: "schema",
    ast.OBJECT_COLUMN: "column",
    ast.OBJECT_TABCONSTRAINT: "constraint",
    ast.OBJECT_FOREIGN_TABLE: "foreign_table",
    ast.OBJECT_FUNCTION: "function",
    ast.OBJECT_TRIGGER: "trigger",
    ast.OBJECT_POLICY: "policy",
    ast.OBJECT_EXTENSION: "extension",
    ast.OBJECT_DATABASE: "database",
}


def kind_of(field_name: str, node: Any) -> str:
    """The kind of a statement in words: `create_table`, `alter_table`, `drop_index`, `begin`, ..."""
    if field_name in _KINDS:
        return _KINDS[field_name]
    match field_name:
        case "alter_table_stmt":
            return f"alter_{_OBJECTS.get(node.objtype, 'object')}"
        case "drop_stmt":
            return f"drop_{_OBJECTS.get(node.remove_type, 'object')}"
        case "rename_stmt":
            return f"rename_{_OBJECTS.get(node.rename_type, 'object')}"
        case "transaction_stmt":
            return str(ast.TransactionStmtKind.Name(node.kind)).removeprefix("TRANS_STMT_").lower()
        case "define_stmt":
            return f"create_{_OBJECTS.get(node.kind, 'object')}"
    return field_name.removesuffix("_stmt")


def _in_word(text: str, index: int) -> bool:
    return 0 <= index < len(text) and (text[index].isalnum() or text[index] in '_$"')


def _unquoted(token: str) -> str:
    if len(token) > 1 and token[0] == token[-1] == '"':
        return token[1:-1].replace('""', '"')
    return token.lower()
