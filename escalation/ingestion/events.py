"""Reads the event of an SDK, whatever stands in it: what has the wrong shape is left out, never a reason to fail.

Keys: https://develop.sentry.dev/sdk/data-model/event-payloads/. Frames come innermost last, exceptions outermost last.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from escalation import fields
from escalation.grouping.groups import Grouping, Raised, group
from escalation.grouping.traces.frame import Frame, is_library
from escalation.models import Impact

MOST_EXCEPTIONS = 50
MOST_FRAMES = 250
"""Of a stack, half from either end: what called and where it failed."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkEvent:
    """What is read of an event; texts are empty where it says nothing."""

    level: str
    platform: str
    logger: str
    transaction: str
    release: str
    environment: str
    user: str
    message: str
    template: str
    """The message before its values were filled in."""
    fingerprint: tuple[str, ...]
    exceptions: tuple[Raised, ...]
    stack: tuple[Frame, ...]
    """Of the thread that failed, where there is no exception."""

    @property
    def error_type(self) -> str:
        named = self.exceptions[-1].error_type if self.exceptions else ""
        return named or self.logger or "Message"

    @property
    def error_message(self) -> str:
        return self.exceptions[-1].value if self.exceptions else self.message

    @property
    def impact(self) -> str:
        """What a level says of users: what nobody handled reached one."""
        handled = all(exception.is_handled for exception in self.exceptions[-1:])
        match self.level:
            case "fatal":
                return Impact.HIGH
            case "error":
                return Impact.LOW if handled else Impact.MEDIUM
        return Impact.LOW

    def grouping(self) -> Grouping:
        return group(
            raised=self.exceptions, stack=self.stack, message=self.template or self.message, said=self.fingerprint
        )

    def stack_trace(self) -> str:
        """As Python prints it, causes first, which is how a bug shows and reads traces."""
        return "\n\n".join(_lines(exception) for exception in self.exceptions if exception.frames)


def read_event(raw: Mapping[str, Any]) -> SdkEvent:
    log = raw.get("logentry")
    entry: Mapping[str, Any] = log if isinstance(log, Mapping) else {"message": log or raw.get("message")}
    template = _text(entry.get("message"))
    exceptions = tuple(_exceptions(raw.get("exception")))
    return SdkEvent(
        level=_line(raw.get("level"), 16).lower() or "error",
        platform=_line(raw.get("platform"), 32).lower() or "other",
        logger=_line(raw.get("logger")),
        transaction=_line(raw.get("transaction")),
        release=_line(raw.get("release"), 200),
        environment=_line(raw.get("environment"), 64),
        user=_user(raw.get("user")),
        message=_text(entry.get("formatted")) or template,
        template=template,
        fingerprint=tuple(_texts(raw.get("fingerprint"))),
        exceptions=exceptions,
        stack=() if exceptions else tuple(_failing_stack(raw)),
    )


def _exceptions(exception: Any) -> Iterator[Raised]:
    for value in _values(exception)[-MOST_EXCEPTIONS:]:
        mechanism = value.get("mechanism")
        how: Mapping[str, Any] = mechanism if isinstance(mechanism, Mapping) else {}
        parent = how.get("parent_id")
        yield Raised(
            error_type=_line(value.get("type")),
            frames=tuple(_frames(value.get("stacktrace"))),
            module=_line(value.get("module")),
            value=_text(value.get("value")),
            is_synthetic=how.get("synthetic") is True,
            is_handled=how.get("handled") is not False,
            member_of=parent if isinstance(parent, int) else None,
        )


def _values(part: Any) -> list[Mapping[str, Any]]:
    """The list that stands under `values`, or alone; or its only item."""
    found = part.get("values", [part]) if isinstance(part, Mapping) else part
    return [value for value in found if isinstance(value, Mapping)] if isinstance(found, list) else []


def _failing_stack(raw: Mapping[str, Any]) -> Iterator[Frame]:
    threads = _values(raw.get("threads"))
    failing = next((thread for name in ("crashed", "current") for thread in threads if thread.get(name) is True), None)
    alone = threads[0] if len(threads) == 1 else {}
    yield from _frames((failing or alone).get("stacktrace") or raw.get("stacktrace"))


def _frames(stacktrace: Any) -> Iterator[Frame]:
    frames = stacktrace.get("frames") if isinstance(stacktrace, Mapping) else None
    if not isinstance(frames, list):
        return
    half = MOST_FRAMES // 2
    for frame in frames if len(frames) <= MOST_FRAMES else [*frames[:half], *frames[-half:]]:
        if isinstance(frame, Mapping):
            yield _frame(frame)


def _frame(frame: Mapping[str, Any]) -> Frame:
    file, function, module = (_line(frame.get(name), 500) for name in ("filename", "function", "module"))
    file = file or _line(frame.get("abs_path"), 500)
    line, said = frame.get("lineno"), frame.get("in_app")
    return Frame(
        function=function,
        file=file,
        module=module,
        line=line if isinstance(line, int) and 0 <= line < 10**9 else 0,
        in_app=said if isinstance(said, bool) else not is_library(file, module or function),
        source=_line(frame.get("context_line"), 300),
    )


def _user(user: Any) -> str:
    """What tells users apart, the surest first."""
    if not isinstance(user, Mapping):
        return ""
    return next((text for name in ("id", "username", "email", "ip_address") if (text := _line(user.get(name)))), "")


def _texts(value: Any) -> Iterator[str]:
    parts = value if isinstance(value, list) else [value]
    for part in parts[:20]:
        if text := _line(part, 500):
            yield text


def _text(value: Any) -> str:
    """A text that every database can hold; numbers and truths as JSON has them."""
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return ""
    return _UNSTORABLE.sub("\ufffd", str(value)[: fields.LONGEST_TEXT])


def _line(value: Any, longest: int = fields.LONGEST_NAME) -> str:
    return _CONTROL.sub(" ", _text(value)[: 4 * longest]).strip()[:longest].strip()


def _lines(exception: Raised) -> str:
    lines = ["Traceback (most recent call last):"]
    for frame in exception.frames:
        lines.append(f'  File "{frame.file or frame.module or "?"}", line {frame.line}, in {frame.function or "?"}')
        if frame.source:
            lines.append(f"    {frame.source}")
    name = f"{exception.module}.{exception.error_type}" if exception.module else exception.error_type
    lines.append(f"{name}: {exception.value}".replace("\n", "\n  ") if exception.value else name)
    return "\n".join(lines)
