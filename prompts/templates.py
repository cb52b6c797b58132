"""Prompt templates: `{{ name }}`, `if` and `for`, rendered by minijinja under fuel, size and language limits.

Whoever may write a prompt may not make the server work for ever. Fuel alone does not bound memory
(`{% set x = x ~ x %}` forty times is four lines), so the language has no concatenation, no assignment and no
calls; what remains cannot build a value larger than the values it is given, and the finalizer bounds their sum.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import minijinja

from config.errors import DomainError, FieldError

MAX_TEMPLATE = 500_000
"""Characters of one template."""
MAX_OUTPUT = 4_000_000
"""Characters of one rendered text."""
TAGS = {"if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"}
FILTERS = {
    "abs", "capitalize", "default", "dictsort", "first", "float", "int", "items", "join", "last", "length", "lines",
    "list", "lower", "max", "min", "reverse", "round", "sort", "sum", "title", "tojson", "trim", "unique", "upper",
}  # fmt: skip
RESERVED = {"self", "loop", "range", "dict", "debug", "namespace", "true", "false", "none", "True", "False", "None"}
ROLES = ("system", "developer", "user", "assistant")

_PUNCTUATION = set(".,|()[]:<>=!-")
_WORDS = {"in", "not", "and", "or", "is", "if", "else", "elif", "for"}
_OPEN = re.compile(r"\{\{|\{%|\{#")
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<close>[-+]?%\}|[-+]?\}\})|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?P<name>[^\W\d]\w*)|(?P<number>\d[\d_]*(?:\.\d+)?)|(?P<mark>.)""",
    re.DOTALL,
)
_END_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")


class TemplateInvalid(DomainError):
    """The template itself cannot be used."""

    code = "template-invalid"


class VariablesInvalid(DomainError):
    """The values do not fit the template: one is missing or one is unknown."""

    code = "variables-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """The names a template reads. An optional one is guarded by `default` or `is defined`."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        return sorted(self.required | self.optional)

    def __or__(self, other: "Variables") -> "Variables":
        required = self.required | other.required
        return Variables(required=required, optional=(self.optional | other.optional) - required)


@lru_cache(maxsize=256)
def inspect(template: str) -> Variables:
    """The variables of a template. Raises TemplateInvalid, with the line when there is one."""
    if len(template) > MAX_TEMPLATE:
        raise TemplateInvalid(f"The template has {len(template)} characters; at most {MAX_TEMPLATE} are allowed.")
    try:
        names = _environment(len(template)).undeclared_variables_in_str(template)
    except minijinja.TemplateError as error:
        raise TemplateInvalid(_explain(error)) from error
    except UnicodeEncodeError as error:
        raise TemplateInvalid("The template has a lone surrogate, which no encoding can hold.") from error
    blocks = list(_blocks(template))
    for block in blocks:
        _refuse_power(block)
    # minijinja 3.0.5 does not see the names inside a slice (`x[0:3]`) nor `self`, so the tokens are asked as well.
    local = {text for block in blocks if block.tag == "for" for text in _before_in(block)}
    seen = {name for block in blocks for name in _names(block)}
    names |= seen - local - RESERVED
    if taken := sorted(names & RESERVED - {"range"} | seen & {"self"}):
        raise TemplateInvalid(f"The name {taken[0]!r} is taken by the template language; choose another.")
    guarded = {name for block in blocks for name in _guarded(block)}
    names -= {"range"}
    return Variables(required=frozenset(names - guarded), optional=frozenset(names & guarded))


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of a template. Raises TemplateInvalid, VariablesInvalid."""
    check(inspect(template), values)
    _check_encodable(values)
    return _render(template, values)


def check(variables: Variables, values: Mapping[str, Any]) -> None:
    """Raises VariablesInvalid naming every missing and every unknown variable."""
    missing = sorted(variables.required - values.keys())
    unknown = sorted(values.keys() - variables.required - variables.optional)
    if not missing and not unknown:
        return
    errors = [FieldError(field=f"input.{name}", code="missing", detail="The template needs it.") for name in missing]
    errors += [FieldError(field=f"input.{name}", code="unknown", detail="The template has none.") for name in unknown]
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"unknown: {', '.join(unknown)}"] if unknown else []
    takes = f"The template takes {', '.join(variables.names)}." if variables.names else "The template has no variables."
    raise VariablesInvalid(f"The input does not fit the template ({'; '.join(parts)}). {takes}", errors=errors)


def inspect_messages(messages: Sequence[Message]) -> Variables:
    """The variables of all messages together. Raises TemplateInvalid naming the message."""
    found = Variables()
    for index, message in enumerate(messages):
        try:
            found |= inspect(message.content)
        except TemplateInvalid as error:
            field = FieldError(field=f"messages[{index}].content", code=error.code, detail=error.detail)
            raise TemplateInvalid(f"Message {index + 1}: {error.detail}", errors=[field]) from error
    return found


def conversation(
    messages: Sequence[Message], given: str | Mapping[str, Any] | None, *, plain: bool = False
) -> list[Message]:
    """The messages a model is sent for an input.

    A string is the variable `input`; a template without variables gets it as a further user message, and `plain`
    says that the only message is a bare prompt text, which then instructs as the system message.
    Raises TemplateInvalid, VariablesInvalid.
    """
    variables = inspect_messages(messages)
    _check_encodable(given)
    appended = isinstance(given, str) and not variables.names
    values: Mapping[str, Any] = {}
    if isinstance(given, Mapping):
        values = given
    elif isinstance(given, str) and not appended:
        values = {"input": given}
    check(variables, values)
    rendered = [Message(role=message.role, content=_render(message.content, values)) for message in messages]
    if not appended or not given:
        return rendered
    if plain:
        rendered = [Message(role="system", content=rendered[0].content)]
    return [*rendered, Message(role="user", content=str(given))]


def _check_encodable(given: Any) -> None:
    """minijinja would replace a lone surrogate by a question mark and say nothing."""
    try:
        json.dumps(given, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        raise VariablesInvalid("The input has a lone surrogate, which no encoding can hold.") from error


def _render(template: str, values: Mapping[str, Any]) -> str:
    try:
        text = _environment(len(template)).render_str(template, **values)
    except minijinja.TemplateError as error:
        if error.kind == "UndefinedError":
            raise VariablesInvalid(f"The input lacks a part the template reads: {_explain(error)}") from error
        raise TemplateInvalid(_explain(error)) from error
    if len(text) > MAX_OUTPUT:
        raise _too_large()
    return text


def _environment(size: int) -> minijinja.Environment:
    written = 0

    def emit(value: Any) -> str:
        nonlocal written
        text = value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)
        written += len(text)
        if written > MAX_OUTPUT:
            raise _too_large()
        return text

    # One turn of a loop costs some three units of fuel and repeats at most the whole template.
    fuel = max(1_000, min(100_000, 100_000_000 // (size + 1)))
    environment = minijinja.Environment(
        undefined_behavior="strict",
        fuel=fuel,
        finalizer=emit,
        debug=False,
        pycompat=False,
        keep_trailing_newline=True,
    )
    environment.add_filter("join", _join)
    return environment


def _join(items: Any, separator: str = "") -> str:
    parts = [item if isinstance(item, str) else json.dumps(_plain(item), ensure_ascii=False) for item in items]
    if sum(map(len, parts)) + len(separator) * len(parts) > MAX_OUTPUT:
        raise _too_large()
    return str(separator).join(parts)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else list(value)


def _too_large() -> TemplateInvalid:
    return TemplateInvalid(f"The rendered text passes {MAX_OUTPUT} characters. Give shorter values or fewer loops.")


def _explain(error: minijinja.TemplateError) -> str:
    # The first line is the message; what follows is a drawing of the source.
    message = str(error).splitlines()[0].replace(" (in <string>:", " (line ")
    return f"{message[:1].upper()}{message[1:]}."


@dataclass(frozen=True, slots=True)
class _Block:
    line: int
    tag: str
    """The first word of `{% … %}`, empty for `{{ … }}`."""
    tokens: list[tuple[str, str]]


def _blocks(template: str) -> Iterator[_Block]:
    position = 0
    while opening := _OPEN.search(template, position):
        position = opening.end()
        if opening[0] == "{#":
            position = template.index("#}", position) + 2
            continue
        tokens: list[tuple[str, str]] = []
        while found := _TOKEN.match(template, position):
            position = found.end()
            kind = str(found.lastgroup)
            if kind == "close":
                break
            if kind != "space":
                tokens.append((kind, found[0]))
        if tokens and tokens[0][1] in "-+":
            tokens = tokens[1:]
        tag = tokens[0][1] if opening[0] == "{%" and tokens else ""
        yield _Block(template.count("\n", 0, opening.start()) + 1, tag, tokens)
        if tag == "raw":
            end = _END_RAW.search(template, position)
            position = end.end() if end else len(template)


def _refuse_power(block: _Block) -> None:
    """Raises TemplateInvalid for what could build large values or reach code."""
    if block.tag and block.tag not in TAGS:
        known = ", ".join(sorted(TAGS))
        raise TemplateInvalid(
            f"Line {block.line}: the tag {block.tag!r} is not part of prompt templates ({known} are)."
        )
    tokens = [("", ""), *block.tokens, ("", "")]
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        kind, text = token
        if kind == "mark" and text not in _PUNCTUATION:
            raise TemplateInvalid(
                f"Line {block.line}: {text!r} is not part of prompt templates. Compute the value first."
            )
        if kind != "name":
            continue
        if before[1] == "|" and text not in FILTERS:
            known = ", ".join(sorted(FILTERS))
            raise TemplateInvalid(
                f"Line {block.line}: the filter {text!r} is not part of prompt templates ({known} are)."
            )
        called = after[1] == "(" and before[1] not in {"|", "is"} and text not in _WORDS
        if called and (text != "range" or before[1] == "."):
            raise TemplateInvalid(
                f"Line {block.line}: {text}() is not part of prompt templates; only range() may be called."
            )


def _names(block: _Block) -> Iterator[str]:
    """The variables an expression reads."""
    tokens = block.tokens[1:] if block.tag else block.tokens
    words = ["", "", *(text for _, text in tokens), "", ""]
    for index, (kind, text) in enumerate(tokens, start=2):
        attribute = words[index - 1] in {".", "|", "is"} or words[index - 2 : index] == ["is", "not"]
        keyword = words[index + 1] == "=" and words[index + 2] != "="
        if kind == "name" and text not in _WORDS and not attribute and not keyword:
            yield text


def _before_in(block: _Block) -> Iterator[str]:
    for kind, text in block.tokens[1:]:
        if text == "in":
            return
        if kind == "name":
            yield text


def _guarded(block: _Block) -> Iterator[str]:
    words = [text for _, text in block.tokens]
    for index, (kind, text) in enumerate(block.tokens):
        rest = words[index + 1 : index + 4]
        guarded = rest[:2] in (["|", "default"], ["is", "defined"]) or rest == ["is", "not", "defined"]
        if kind == "name" and guarded:
            yield text
