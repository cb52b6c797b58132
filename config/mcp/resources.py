"""What agents read by an address: `@resource` in an app's mcp.py declares one kind of thing, `bug://{bug_id}`."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from django.utils.module_loading import autodiscover_modules

from config.errors import NotFound

Function = TypeVar("Function", bound=Callable[..., dict[str, Any]])
LISTED = 20
"""Of each kind, the newest; whatever else there is has an address too."""
COMPLETED = 100
"""As many values as an answer to a completion may hold."""


class Listed(NamedTuple):
    """One of the newest of a kind."""

    values: tuple[str | int, ...]
    """Of its address, in order."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of thing, read as JSON under a key of scope `read`."""

    template: str
    title: str
    description: str
    read: Callable[..., dict[str, Any]]
    newest: Callable[[int], Sequence[Listed]]
    complete: Callable[[str, str, Mapping[str, str]], Sequence[str]]
    """The values of a parameter that begin so, given the parameters before it."""

    @property
    def scheme(self) -> str:
        return self.template.partition("://")[0]

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.template)

    def address(self, values: Sequence[str | int]) -> str:
        """The URI of one of them."""
        return f"{self.scheme}://{'/'.join(quote(str(value), safe='') for value in values)}"


_resources: dict[str, Resource] = {}


def resource(
    *,
    template: str,
    title: str,
    newest: Callable[[int], Sequence[Listed]],
    complete: Callable[[str, str, Mapping[str, str]], Sequence[str]],
) -> Callable[[Function], Function]:
    """Offer what a function of the template's parameters finds; its docstring is the description agents read."""

    def declare(function: Function) -> Function:
        _resources[template] = Resource(
            template=template,
            title=title,
            description=inspect.getdoc(function) or "",
            read=function,
            newest=newest,
            complete=complete,
        )
        return function

    return declare


@cache
def resources() -> dict[str, Resource]:
    """Every kind of every app by its template, in a stable order."""
    autodiscover_modules("mcp")
    return dict(sorted(_resources.items()))


def find_resource(uri: str) -> tuple[Resource, dict[str, str]]:
    """The kind a URI is of, and its parameters. Raises NotFound."""
    scheme, _, rest = uri.partition("://")
    for found in resources().values():
        values = [unquote(part) for part in rest.split("/")]
        if found.scheme == scheme and len(values) == len(found.parameters) and all(values):
            return found, dict(zip(found.parameters, values, strict=True))
    kinds = ", ".join(resources())
    raise NotFound(f"Nothing has the address {uri[:200]}. There are: {kinds}.")
