"""What every format is read into and written from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from config.errors import DomainError

MAX_CHARACTERS = 8_000_000
"""Of all files of one import."""
MAX_FILES = 5_000


class Unreadable(DomainError):
    """A file is not of the format that was named."""

    code = "prompts-unreadable"
    remedy = "send the file in the format you name; `detail` says where it is not"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    path: str
    """Where it is below the folder that is read or written, with `/` between."""
    text: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """One version of a prompt, with what is said of the prompt, on its way from or to a file."""

    prompt_id: str
    prompt_text: str | None = None
    messages: list[dict[str, str]] | None = None
    purpose: str = ""
    notes: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    cases: tuple[dict[str, Any], ...] = ()

    @property
    def texts(self) -> list[str]:
        """Its templates."""
        return [self.prompt_text] if self.prompt_text is not None else [turn["content"] for turn in self.messages or ()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was found, and in words what of it cannot be carried here."""

    prompts: list[Carried] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def leave(self, where: str, names: Iterable[str], why: str = "has no place here") -> None:
        """Say that some parts of a file stay behind."""
        if listed := ", ".join(str(name)[:60] for name in names):
            self.left.append(f"{where[:200]}: {listed} {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    files: list[File] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def leave(self, carried: Carried, names: Iterable[str], why: str = "cannot be said in this format") -> None:
        """Say that some parts of a prompt stay behind."""
        if listed := ", ".join(names):
            self.left.append(f"{carried.prompt_id}: {listed} {why}.")


def said_of(carried: Carried, names: Iterable[str]) -> Iterator[str]:
    """Which of these parts of a prompt say anything."""
    return (name for name in names if getattr(carried, name))
