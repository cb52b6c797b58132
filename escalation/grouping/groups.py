"""Which events of SDKs are one bug: what the client says, else where it was raised, else what was raised or said.

The parts of a group are those of Sentry's public rules; a coarse key beside the fine one joins what differs by its
callers alone, as traces of native code and of different browsers do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from escalation.grouping.fingerprint import Fingerprint, fingerprint_of
from escalation.grouping.judging import frames_of
from escalation.grouping.normalise import normalise_message
from escalation.grouping.traces.frame import Frame
from escalation.grouping.traces.reading import Trace, parse_stack_trace
from escalation.grouping.type_names import short_name

_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception of a chain, the outermost last."""

    error_type: str
    value: str
    frames: tuple[Frame, ...]
    module: str = ""
    is_synthetic: bool = False
    """The SDK made its type up."""
    is_handled: bool = True
    member_of: int | None = None
    """The number of the exception group that holds it."""


class Basis(StrEnum):
    """What a group was made of, in words that follow "It is grouped by"."""

    CLIENT = "the fingerprint that the program sent"
    PLACE = "where it was raised: types, and frames in the code"
    VALUE = "types and messages: there is no frame to go by"
    STACK = "the stack of the thread it was said in"
    MESSAGE = "its message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    fingerprint: Fingerprint
    basis: Basis
    keys: tuple[str, ...]
    """That lead to its bug, the surest first."""


def group(
    *, raised: Sequence[Raised] = (), stack: Sequence[Frame] = (), message: str = "", said: Sequence[str] = ()
) -> Grouping:
    """`stack` is that of a thread, of events without exception; `said` is the fingerprint that the client sent."""
    basis, parts = _default_parts(raised, stack, message)
    if said and not (len(said) == 1 and _DEFAULT.fullmatch(said[0])):
        own = tuple(part for text in said for part in (parts if _DEFAULT.fullmatch(text) else (f"client {text}",)))
        fingerprint = fingerprint_of(own)
        return Grouping(fingerprint=fingerprint, basis=Basis.CLIENT, keys=(fingerprint.key,))
    fingerprint = fingerprint_of(parts)
    coarse = _coarse_parts(raised)
    keys = (fingerprint.key, f"c{fingerprint_of(coarse).key}") if coarse else (fingerprint.key,)
    return Grouping(fingerprint=fingerprint, basis=basis, keys=keys)


def compute_fingerprint(*, error_type: str, error_message: str = "", stack_trace: str | None = None) -> Fingerprint:
    """The fingerprint of a report as text."""
    traces = parse_stack_trace(stack_trace) if stack_trace else []
    return fingerprint_of_text(error_type=error_type, error_message=error_message, traces=traces)


def fingerprint_of_text(*, error_type: str, error_message: str, traces: Sequence[Trace]) -> Fingerprint:
    raised = raised_of_text(error_type=error_type, error_message=error_message, traces=traces)
    return group(raised=raised).fingerprint


def raised_of_text(*, error_type: str, error_message: str, traces: Sequence[Trace]) -> list[Raised]:
    """The reported type stands for that of the last trace, which a text may spell otherwise or leave out."""
    causes = [Raised(error_type=trace.error_type, value="", frames=trace.frames) for trace in traces[:-1]]
    frames = traces[-1].frames if traces else ()
    return [*causes, Raised(error_type=error_type, value=error_message, frames=frames)]


def _default_parts(raised: Sequence[Raised], stack: Sequence[Frame], message: str) -> tuple[Basis, tuple[str, ...]]:
    if raised:
        with_place = any(frames_of(each.frames) for each in raised)
        parts = _without_equal_members([_parts(each, with_value=not with_place) for each in raised], raised)
        return Basis.PLACE if with_place else Basis.VALUE, tuple(parts)
    if frames := frames_of(stack):
        return Basis.STACK, tuple(frames)
    return Basis.MESSAGE, (f"message {normalise_message(message)}",)


def _without_equal_members(parts: Sequence[tuple[str, ...]], raised: Sequence[Raised]) -> Iterator[str]:
    """A group of exceptions is what its members are, however many are alike and in whatever order they failed."""
    members: set[tuple[str, ...]] = set()
    for own, each in zip(parts, raised, strict=True):
        if each.member_of is None:
            yield from own
        else:
            members.add(own)
    for own in sorted(members):
        yield from own


def _parts(raised: Raised, *, with_value: bool) -> tuple[str, ...]:
    own = [] if raised.is_synthetic or not raised.error_type else [f"type {short_name(raised.error_type)}"]
    own += frames_of(raised.frames)
    if with_value:
        own.append(f"value {normalise_message(raised.value)}")
    return tuple(own)


def _coarse_parts(raised: Sequence[Raised]) -> tuple[str, ...]:
    """Type, innermost own frame and value of the error that was reported; none without a frame to hold on to."""
    if not raised or not (frames := frames_of(raised[-1].frames)):
        return ()
    value = normalise_message(raised[-1].value)
    return (f"type {short_name(raised[-1].error_type)}", frames[-1], f"value {value}") if value else ()
