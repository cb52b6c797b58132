"""Prompt templates: `{{ name }}`, `if` and `for`, rendered by minijinja under fuel, size and language limits.

Whoever may write a prompt may not make the server work for ever. Fuel alone does not bound memory
(`{% set x = x ~ x %}` forty times is four lines), so the language has no concatenation, no assignment and no
calls; what remains cannot build a value larger than the values it is given, and the finalizer bounds their sum.
`template_blocks` looks at a template before the engine does; time is bounded from outside: doors render in a
process of its own (`apart`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import minijinja

from config.errors import DomainError, FieldError
from prompts.templates.blocks import FILTERS, TAGS, TemplateInvalid, read_blocks

__all__ = [
    "FILTERS",
    "ROLES",
    "TAGS",
    "Message",
    "TemplateInvalid",
    "Variables",
    "VariablesInvalid",
    "check_input",
    "conversation",
    "inspect",
    "inspect_messages",
    "render",
]

MAX_TEMPLATE = 500_000
"""Characters of one template."""
SHORT = 20_000
"""Characters of a template among the many whose variables are remembered."""
MAX_OUTPUT = 4_000_000
"""Characters of one rendered conversation."""
ROLES = ("system", "developer", "user", "assistant")
RESERVED = {"self", "loop", "range", "dict", "debug", "namespace", "true", "false", "none", "True", "False", "None"}


class VariablesInvalid(DomainError):
    """The values do not fit the template: one is missing or one is unknown."""

    code = "variables-invalid"
    remedy = "send exactly the variables that the template uses"


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


def inspect(template: str) -> Variables:
    """The variables of a template. Raises TemplateInvalid, with the line when there is one."""
    return _inspect_short(template) if len(template) <= SHORT else _inspect_long(template)


def _inspect(template: str) -> Variables:
    if len(template) > MAX_TEMPLATE:
        raise TemplateInvalid(f"The template has {len(template)} characters; at most {MAX_TEMPLATE} are allowed.")
    blocks = read_blocks(template)
    try:
        names = _environment(len(template)).undeclared_variables_in_str(template)
    except minijinja.TemplateError as error:
        raise TemplateInvalid(_explain(error)) from error
    except UnicodeEncodeError as error:
        raise TemplateInvalid("The template has a lone surrogate, which no encoding can hold.") from error
    # minijinja 3.0.5 does not see the names inside a slice (`x[0:3]`) nor `self`, so the tokens are asked as well.
    local = {name for block in blocks for name in block.bound()}
    seen = {name for block in blocks for name in block.names()}
    names |= seen - local - RESERVED
    if taken := sorted(names & RESERVED - {"range"} | seen & {"self"}):
        raise TemplateInvalid(f"The name {taken[0]!r} is taken by the template language; choose another.")
    guarded = {name for block in blocks for name in block.guarded()}
    names -= {"range"}
    return Variables(required=frozenset(names - guarded), optional=frozenset(names & guarded))


# Two caches, since one of 256 of the longest templates would hold hundreds of megabytes.
_inspect_short = lru_cache(maxsize=256)(_inspect)
_inspect_long = lru_cache(maxsize=8)(_inspect)


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
    values = check_input(messages, given)
    appended = isinstance(given, str) and not values
    rendered = [Message(role=message.role, content=_render(message.content, values)) for message in messages]
    if sum(len(message.content) for message in rendered) > MAX_OUTPUT:
        raise _too_large()
    if not appended or not given:
        return rendered
    if plain:
        rendered = [Message(role="system", content=rendered[0].content)]
    return [*rendered, Message(role="user", content=str(given))]


def check_input(messages: Sequence[Message], given: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The value of each variable. Raises TemplateInvalid, and VariablesInvalid for one missing or unknown."""
    variables = inspect_messages(messages)
    _check_encodable(given)
    values: Mapping[str, Any] = {}
    if isinstance(given, Mapping):
        values = given
    elif isinstance(given, str) and variables.names:
        values = {"input": given}
    check(variables, values)
    return values


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
