"""The MCP door. `@tool` in an app's mcp.py declares a tool; config/mcp/http.py and `manage.py mcp` serve them all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules
from pydantic import MISSING
from pydantic_core import CoreSchema, core_schema

Function = TypeVar("Function", bound=Callable[..., Any])
Content = dict[str, Any] | list[Any] | str | bool | int | float
"""Any JSON but null. Some clients leave out, or send as text, an argument whose schema has no type."""
Json = Content | None
Detail = Literal["concise", "detailed"]
"""How much of each thing an answer tells: what an agent goes on with, or all."""
LEFT_OUT: Any = MISSING
"""The default of a parameter for which null means something: it was not given at all."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text that is one of these: `Annotated[str, OneOf(...)]` is a Literal of a list that stands elsewhere."""

    values: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.literal_schema([str(value) for value in self.values])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A plain, synchronous function offered to agents. Its docstring is the description they read."""

    function: Callable[..., Any]
    name: str
    title: str
    scope: Literal["read", "write", "admin"]
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


_tools: dict[str, Tool] = {}


def tool(
    *,
    name: str,
    title: str,
    scope: Literal["read", "write", "admin"],
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool | None = None,
    open_world: bool = False,
) -> Callable[[Function], Function]:
    """Offer a function as an MCP tool; the function itself stays as it is.

    `scope` is the least a key needs. The four flags are hints to the client: `destructive` means it may overwrite or
    remove, `idempotent` that a second call with the same arguments changes nothing more (as reading does), and
    `open_world` that it reaches beyond this service. Parameters take their descriptions from
    `Annotated[..., Field(description=...)]`. An answer's field that may be absent is `x: T | None = None`, and is left
    out when it is None.
    """

    def declare(function: Function) -> Function:
        earlier = _tools.get(name)
        if earlier and earlier.function.__module__ != function.__module__:
            raise ImproperlyConfigured(f"MCP tool {name} is declared in {earlier.function.__module__} already.")
        _tools[name] = Tool(
            function=function,
            name=name,
            title=title,
            scope=scope,
            read_only=read_only,
            destructive=destructive,
            idempotent=read_only if idempotent is None else idempotent,
            open_world=open_world,
        )
        return function

    return declare


@cache
def tools() -> dict[str, Tool]:
    """Every tool of every app by name, in a stable order."""
    autodiscover_modules("mcp")
    return dict(sorted(_tools.items()))
