"""One program with its arguments, as its handler gets it, and whom it tells what it finds."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from audit.shell.found import Found
from audit.shell.surroundings import Input


class Collector(Protocol):
    """What handlers and visitors call: the finder, without what it is made of."""

    found: Found

    def doubt(self, reason: str, part: str, script: str = "") -> None: ...

    def read(self, path: str, by: Literal["redirect", "argument"] = "argument") -> None: ...

    def write(self, path: str, by: Literal["redirect", "argument"] = "argument") -> None: ...

    def sql(self, statements: str, part: str) -> None: ...

    def code(self, source: str, via: tuple[str, ...] = ()) -> None: ...

    def command(
        self,
        words: Sequence[str],
        via: tuple[str, ...] = (),
        *,
        given: Callable[[], Input | None] | None = None,
        written: str = "",
        outer: Sequence[str] = (),
    ) -> None: ...


class Run(NamedTuple):
    """One program with its arguments, as its handler gets it."""

    finder: Collector
    words: list[str]
    via: tuple[str, ...]
    look: Callable[[], Input | None] | None

    @property
    def given(self) -> Input | None:
        """What it reads, if that is redirected or piped."""
        return self.look() if self.look else None

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def name(self) -> str:
        return self.words[0].rsplit("/", 1)[-1]

    def command(self, words: Sequence[str], label: str = "") -> None:
        self.finder.command(words, (*self.via, label or self.name), given=self.look, outer=self.words)

    def code(self, source: str, label: str = "") -> None:
        self.finder.code(source, (*self.via, label or self.name))

    def doubt(self, reason: str, script: str = "") -> None:
        self.finder.doubt(reason, self.text, script)
