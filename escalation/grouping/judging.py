"""Which frames of a stack count for its group, and why the others do not."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from escalation.grouping.frames import MOST_FRAMES, name_of
from escalation.grouping.traces.frame import Frame

LIBRARY = "a library's, and there are frames of its own"
NAMELESS = "says neither file nor function"
RECURSION = "the same as the call before"
FAR_OUT = f"farther out than the {MOST_FRAMES} that count"


class Judged(NamedTuple):
    """A frame and the name it counts by; `why_not` is empty when it counts."""

    frame: Frame
    name: str
    why_not: str


def frames_of(frames: Sequence[Frame]) -> list[str]:
    """Names of those of the application, of all if none is; recursion counts once."""
    return [each.name for each in judged(frames) if not each.why_not]


def judged(frames: Sequence[Frame]) -> list[Judged]:
    """Every frame, the innermost last."""
    found = list(_named(frames))
    surplus = sum(not each.why_not for each in found) - MOST_FRAMES
    for index, each in enumerate(found):
        if surplus <= 0:
            break
        if not each.why_not:
            found[index] = each._replace(why_not=FAR_OUT)
            surplus -= 1
    return found


def _named(frames: Sequence[Frame]) -> Iterator[Judged]:
    has_own = any(frame.in_app for frame in frames)
    before = ""
    for frame in frames:
        if has_own and not frame.in_app:
            yield Judged(frame, "", LIBRARY)
            continue
        name = name_of(frame)
        yield Judged(frame, name, NAMELESS if not name else RECURSION if name == before else "")
        before = name or before
