"""What an agent asks of us, done on behalf of its key: by its scope, under whatever else apps hold calls to."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar

from config.context import acting_as, caller, correlation_id
from config.errors import DomainError, Forbidden
from config.mcp.session import Session, current_session, in_thread
from config.models import ApiKey
from config.rest.problems import as_domain_error
from config.serving.threads import threads_for

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
Kind = Literal["tool", "resource", "prompt", "completion"]


class ScopeTooLow(Forbidden):
    """The key may not call this tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing an agent asks for."""

    kind: Kind
    name: str
    """Of the tool or prompt; of a resource its address."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    scope: Literal["read", "write", "admin"] = "read"
    """The least a key needs."""
    read_only: bool = True
    agent: str = ""
    """The client's name as it gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a call."""

    call: Call
    seconds: float
    error: DomainError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overseer:
    """What an app holds every call to. Both run in the call's thread, as its caller."""

    permit: Callable[[Call], object]
    """Raises a DomainError where the call may not be."""
    note: Callable[[Outcome], object]
    """Told of every call once it is over, of refused ones too."""


_overseers: dict[str, Overseer] = {}


def oversee(*, permit: Callable[[Call], object], note: Callable[[Outcome], object]) -> None:
    """Hold every call to something more than its key's scope. An app says so once, in its mcp.py."""
    _overseers[permit.__module__] = Overseer(permit=permit, note=note)


async def perform(call: Call, function: Callable[[], Result]) -> Result:
    """Do it in a thread, as the session's key. Raises DomainError alone."""
    current = current_session()
    with threads_for(current.length, current.pool) as pool:
        return await in_thread(partial(_perform, call, function, current), pool)


async def refuse(call: Call, error: DomainError) -> DomainError:
    """A call that is answered before anything is done, which overseers are told of as of any other."""

    def give_up() -> None:
        raise error

    try:
        await perform(call, give_up)
    except DomainError as refusal:
        return refusal
    return error


def _perform(call: Call, function: Callable[[], Result], current: Session) -> Result:
    key = current.key()
    details = {"tool": call.name} | ({"agent": call.agent} if call.agent else {})
    correlation = current.correlation_id or correlation_id()
    who = {"actor": key.name, "scope": key.scope, "person": key.user.get_username()}
    with acting_as(**who, door="mcp", correlation_id=correlation, details=details):
        begun, error = time.perf_counter(), None
        try:
            _permit(call, key)
            return function()
        except Exception as raised:
            error = _known(call, raised)
            raise error from raised
        finally:
            outcome = Outcome(call=call, seconds=time.perf_counter() - begun, error=error)
            for overseer in _overseers.values():
                overseer.note(outcome)


def _permit(call: Call, key: ApiKey) -> None:
    if not key.allows(call.scope):
        raise ScopeTooLow(
            f"{call.name} needs a key of scope {call.scope} or higher; {key.name} has {key.scope}. "
            "Ask an operator for such a key."
        )
    for overseer in _overseers.values():
        overseer.permit(call)


def _known(call: Call, error: Exception) -> DomainError:
    if known := as_domain_error(error):
        return known
    logger.error("MCP %s %s failed", call.kind, call.name, exc_info=error)
    detail = f"{call.name} failed unexpectedly; the log has it as {caller().correlation_id}. Tell an operator that id."
    return DomainError(detail)
