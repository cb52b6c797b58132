"""The base of our management commands: a named caller, errors with exit code 2, `--json`, what a person sees."""

import argparse
import contextlib
import getpass
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, DataError, connections
from django.utils.dateparse import parse_datetime

from config import home, installation
from config.commandline import help as guidance
from config.commandline import names, terminal
from config.context import acting_as, correlation_id
from config.errors import DomainError
from config.home import PROGRAM
from config.secrets import blank

FINDINGS = 1
"""Exit code for "it worked, and there is something to look at"."""


class _Tries(logging.Filter):
    """Keeps why PostgreSQL's pool could not connect, which it logs at each try, to be said once."""

    last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        self.last = " ".join(record.getMessage().partition(": ")[2].split())
        return False


_tries = _Tries()


class OperationCommand(BaseCommand):
    """Exit codes: 0 fine, 1 findings, 2 usage or operational error."""

    examples: Sequence[guidance.Example] = ()
    """What `--help` shows: two of the command, and those of the verb that is asked about."""
    older_name_of = ""
    """The name to use instead, where this one is only kept for who knows it."""
    is_server = False
    """Whether it goes on until it is told to end: then what its parts log is for its log."""
    _bar = ""
    """What stands on the terminal's last line while work goes on."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._dress()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.set_defaults(skip_checks=True)  # `check` and `doctor` do: they import every URL, a second and 40 MB
        _offer_json(parser)
        guidance.arrange(parser, self, name=subcommand, others=names.others(subcommand))
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        self._called_from_command_line = True
        if not self.is_server:
            logging.getLogger("psycopg.pool").addFilter(_tries)
        parser = self.create_parser(argv[0], argv[1])
        try:
            options = vars(parser.parse_args(argv[2:]))
            self.execute(*options.pop("args", ()), **options)
        except CommandError as error:
            if "--traceback" in argv:
                raise
            self._end_bar()
            self.stderr.write(f"{parser.prog}: error: {error}")
            sys.exit(2)
        finally:
            self._end_bar()
            connections.close_all()

    def execute(self, *args: Any, **options: Any) -> str | None:
        if options.get("no_color") or options.get("force_color"):
            self._dress(colour=bool(options["force_color"]))
        with acting_as(actor=f"console:{_os_user()}", door="command", correlation_id=correlation_id()):
            try:
                return super().execute(*args, **options)
            except DomainError as error:
                lines = [error.detail, *(f"  {item.field}: {item.detail}" for item in error.errors)]
                raise CommandError(blank("\n".join(lines)), returncode=2) from error
            except UnicodeEncodeError as error:
                if error.encoding != "utf-8":
                    raise
                message = "An argument is not UTF-8, so it can be neither kept nor found. Check how it is typed."
                raise CommandError(message, returncode=2) from error
            except DataError as error:  # its text repeats the value
                raise CommandError("An argument is beyond what the database can hold.", returncode=2) from error
            except DatabaseError as error:
                if installation.is_missing():
                    raise CommandError(home.missing(settings.DATA_DIR), returncode=2) from error
                why = _tries.last or str(error).strip()
                message = f"The database cannot be used: {why.rstrip('.?')}. `{PROGRAM} doctor` says more."
                raise CommandError(message, returncode=2) from error
            except CommandError as error:
                error.returncode = 2
                raise

    def print_json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Columns as wide as their widest cell; on a terminal no wider than that."""
        self._end_bar()
        watched = self.stdout.isatty()
        paint = self._paint if watched else terminal.plain
        for line in terminal.table(headers, rows, most=terminal.width() if watched else None, paint=paint):
            self.stdout.write(line, style_func=str)

    @property
    def shows_progress(self) -> bool:
        """Whether a person is watching."""
        return sys.stderr.isatty()

    def progress(self, done: int, total: int, what: str) -> None:
        """One line on the terminal that is written over; nothing when nobody watches."""
        if not self.shows_progress:
            return
        line = terminal.bar(done, total, what, most=terminal.width())
        if line != self._bar:
            self.stderr.write(f"\r{line.ljust(len(self._bar))}", style_func=str, ending="")
            self._bar = line
        if done >= total:
            self._end_bar()

    def _end_bar(self) -> None:
        if self._bar:
            self._bar = ""
            self.stderr.write("", style_func=str)

    def _ready(self, text: str) -> str:
        self._end_bar()
        return terminal.marked(text, self._paint)

    def _dress(self, colour: bool | None = None) -> None:
        """Make what goes to a terminal harmless, with its marks in colour; a file or a pipe gets the text as it is."""
        self._paint = terminal.coloured if terminal.has_colour(asked=colour) else terminal.plain
        for stream in (self.stdout, self.stderr):
            stream.style_func = self._ready


def text_of(path: str, *, errors: str = "strict") -> str:
    """What the file holds, or standard input for `-`."""
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return content.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: byte {error.start + 1}. Convert it first.", returncode=2) from error
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.", returncode=2) from error


def json_of(text: str, kind: type | None = None) -> Any:
    """The value of an option, by the rules that hold for REST bodies."""
    from rest_framework.exceptions import ParseError

    from config.rest.parsers import parse_json

    try:
        value = parse_json(text.encode("utf-8", "surrogateescape"))
    except ParseError as error:
        why = str(error.detail).replace("The body", "It")
        raise CommandError(f"Not JSON: {text[:80]} ({why})", returncode=2) from error
    if kind and not isinstance(value, kind):
        raise CommandError(f"Must be a JSON {'object' if kind is dict else 'list'}: {text[:80]}", returncode=2)
    return value


def object_of(text: str) -> Any:
    """The value of an option that is a JSON object."""
    return json_of(text, dict)


def time_of(text: str) -> datetime:
    """A time of ISO 8601 with its zone."""
    try:
        found = parse_datetime(text)
        if found is not None:
            found.astimezone(UTC)  # the last hours of the year 9999 are in no year of UTC
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError(f"Not an ISO 8601 time with its zone: {text[:80]}", returncode=2)
    return found


@dataclass(frozen=True, slots=True)
class Whole:
    """The type of an argument that is a whole number in bounds."""

    least: int
    most: int

    def __call__(self, text: str) -> int:
        is_short = text.isascii() and text.isdigit() and len(text) <= len(str(self.most))
        if not is_short or not self.least <= int(text) <= self.most:
            raise CommandError(f"Not a whole number from {self.least} to {self.most}: {text[:32]}", returncode=2)
        return int(text)


count_of = Whole(0, 999_999_999)
"""The type of an argument that is a number of things."""


def _offer_json(parser: argparse.ArgumentParser, default: bool | str = False) -> None:
    """Add `--json` to a parser and its subcommands, unless a command declares its own."""
    with contextlib.suppress(argparse.ArgumentError):
        parser.add_argument("--json", action="store_true", default=default, help="Print JSON instead of text.")
    for action in parser._actions:  # noqa: SLF001  -- argparse has no public way to its subparsers
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for verb in action.choices.values():
                _offer_json(verb, argparse.SUPPRESS)  # keep what stood before the verb


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run as a uid that has no name
        return "unknown"
