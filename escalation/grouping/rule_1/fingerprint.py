"""What makes two reports the same bug: the type and where in the own code it happened, else what the message says.

Rule 1. Exceptions with frames: each exception's type and its frames of the application (all frames if none is).
Line numbers never count, so an edit above the failing line keeps the group; neither does the message, whose text
often holds values. Without frames: the type and the normalised message.
A changed rule gets the next number: the key carries it, so that groups of the old rule can be recognised.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from escalation.grouping.rule_1.normalise import normalise_message
from escalation.grouping.rule_1.stacktrace import Frame, Trace, parse_stack_trace

RULE = 1

MOST_FRAMES = 30  # the innermost; deeper callers only split a group

_COMPREHENSIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})  # no frames of their own since Python 3.12
_NOISE = (
    (re.compile(r" \[as [^\]]+\]"), ""),
    (re.compile(r"^(?:async |new |Object\.|Module\.|global\.)+"), ""),
    (re.compile(r"(?:<anonymous>|\banonymous\b|/<)+"), ""),
    (re.compile(r"\$\$(?:Lambda|FastClassBy\w*|EnhancerBy\w*|\w*CGLIB|_javassist)[^.]*"), ""),
    (re.compile(r"(?:GeneratedMethodAccessor|GeneratedConstructorAccessor|\$Proxy|fn__|__)\d+"), ""),
    (re.compile(r"(?<=_erb)_[\d_]+$"), ""),  # a compiled template: _app_views_index_html_erb___123456_789
)
_FILE_NOISE = re.compile(r"[?#].*$|(?:[.-][0-9a-f]{6,})(?=\.\w+$)")  # query, and the hash of a built script


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A key that is equal for the same bug, and the parts it was made of, for a reader to check."""

    key: str
    parts: tuple[str, ...]


def compute_fingerprint(*, error_type: str, error_message: str = "", stack_trace: str | None = None) -> Fingerprint:
    """The fingerprint of a report as text."""
    traces = parse_stack_trace(stack_trace) if stack_trace else []
    return _fingerprint_of(error_type=error_type, error_message=error_message, traces=traces)


def _fingerprint_of(*, error_type: str, error_message: str, traces: Sequence[Trace]) -> Fingerprint:
    """The fingerprint of a report whose frames are known."""
    return _fingerprint_at(error_type=error_type, error_message=error_message, place=place_of(traces))


def _fingerprint_at(*, error_type: str, error_message: str, place: Sequence[str]) -> Fingerprint:
    """The fingerprint of an error at a place in the code, or of its message where the place is not known."""
    parts = (f"type {error_type}", *(place or (f"message {normalise_message(error_message)}",)))
    key = hashlib.sha256(json.dumps([RULE, *parts]).encode()).hexdigest()[:32]
    return Fingerprint(key=f"{RULE}-{key}", parts=parts)


def place_of(traces: Sequence[Trace]) -> tuple[str, ...]:
    """Where in the own code it happened: causes and frames. The reported type stands for the last trace's own."""
    parts: list[str] = []
    for position, trace in enumerate(traces, start=1):
        frames = _frames(trace)
        if frames and position < len(traces) and trace.error_type:
            parts.append(f"cause {trace.error_type}")
        parts += frames
    return tuple(parts)


def _frames(trace: Trace) -> list[str]:
    own = [frame for frame in trace.frames if frame.in_app] or trace.frames
    named = [name for frame in own if frame.function not in _COMPREHENSIONS and (name := _name(frame))]
    return [name for name, _ in groupby(named)][-MOST_FRAMES:]


def _name(frame: Frame) -> str:
    function = _without_noise(frame.function).strip(" .")
    file = _FILE_NOISE.sub("", _without_noise(frame.file))
    file = "" if "://" in file else re.split(r"[\\/]", file)[-1].lower()
    name = f"{file} {function}".strip()
    return f"frame {name}" if name else ""


def _without_noise(name: str) -> str:
    for noise, replacement in _NOISE:
        name = noise.sub(replacement, name)
    return name
