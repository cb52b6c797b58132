"""What is found in a command line: commands, files, SQL, and doubts."""

from typing import Literal, NamedTuple

from audit.shell.words import UNKNOWN, plain


class Command(NamedTuple):
    """A program that would run, with its arguments as it would get them."""

    words: tuple[str, ...]
    """Marked as audit.shell.words says."""
    via: tuple[str, ...] = ()
    """The wrappers it was found through, outermost first."""
    transparent: bool = False
    """It only runs commands that are found too (timeout, sh -c), so no rule need allow it."""
    ordinary: bool = True
    """Nobody here knows whether its arguments hold a command."""
    written: str = ""
    """As it stands in the text; empty for one found inside another."""
    outer: tuple[str, ...] = ()
    """The words of the program among whose arguments it stands."""

    @property
    def text(self) -> str:
        """To show: the arguments with `${...}` for what is not known."""
        return plain(" ".join(self.words)).replace(UNKNOWN, "${...}")

    @property
    def name(self) -> str:
        """The program without its folder."""
        return plain(self.words[0]).rsplit("/", 1)[-1].removesuffix(".exe")


class FileUse(NamedTuple):
    """A file that would be read or written."""

    kind: Literal["read", "write"]
    path: str
    by: Literal["redirect", "argument"]


class Doubt(NamedTuple):
    """Something that cannot be seen through."""

    reason: str
    part: str
    script: str = ""
    """The script file whose content is the doubt; a rule that names this file settles it."""


class Found:
    """Everything a command line would do that can be seen, and a doubt for what cannot."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.files: list[FileUse] = []
        self.sql: list[str] = []
        self.doubts: list[Doubt] = []
        self.functions: set[str] = set()
        """Defined in the text itself; their bodies are among the commands."""
        self.folders: list[str] = []
        """Where `cd` goes, UNKNOWN marks included."""
        self.assigns = False
        """Whether a variable is set."""
        self.lines: list[str] = []
        """The code itself, and what shells inside it run."""
        self.looped: list[str] = []
        """Globs whose names a loop puts into a variable."""
