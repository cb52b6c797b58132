"""Who is acting, through which door, under which correlation id: set by the doors, read by the trail."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from config.secrets import keyed

Door = Literal["rest", "admin", "command", "job", "mcp", "none"]

_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever caused what is happening now."""

    actor: str = "system"
    """The API key's name, the admin's user name, `console:<os user>` or `job:<task>`."""
    door: Door = "none"
    correlation_id: str = ""
    """Shared by every event of one request, command or job chain."""
    scope: str = "admin"
    """What the caller's key permits; people at the console and jobs of ours are not bound by keys."""
    person: str = ""
    """Whose key or session it is: the name of a Django user; empty at the console and in jobs."""
    details: dict[str, Any] = field(default_factory=dict)
    """What else the door knows: agent, session, tool ids."""


NOBODY = Caller()
_caller: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """The caller of the code that runs now."""
    return _caller.get(NOBODY)


@contextmanager
def acting_as(**known: Any) -> Iterator[Caller]:
    """Act as a caller that differs from the present one in the given fields."""
    token = _caller.set(replace(_caller.get(NOBODY), **known))
    try:
        yield _caller.get(NOBODY)
    finally:
        _caller.reset(token)


def identify(**known: Any) -> None:
    """Name the caller for the rest of the request, once authentication has said who it is."""
    _caller.set(replace(_caller.get(NOBODY), **known))


def correlation_id(offered: str | None = None) -> str:
    """The offered id when it is a plain token, as its hash if it holds a secret; else a new one."""
    return keyed(offered) if offered and _ID.fullmatch(offered) else uuid.uuid4().hex
