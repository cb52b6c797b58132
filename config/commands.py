"""The base of our management commands: a named caller, errors with exit code 2, and `--json`."""

import argparse
import contextlib
import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError

from config.context import acting_as, correlation_id
from config.errors import DomainError

FINDINGS = 1
"""Exit code for "it worked, and there is something to look at"."""


class OperationCommand(BaseCommand):
    """Exit codes: 0 fine, 1 findings, 2 usage or operational error."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        _offer_json(parser)
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        with acting_as(actor=f"console:{_os_user()}", door="command", correlation_id=correlation_id()):
            try:
                return super().execute(*args, **options)
            except DomainError as error:
                lines = [error.detail, *(f"  {item.field}: {item.detail}" for item in error.errors)]
                raise CommandError("\n".join(lines), returncode=2) from error
            except DatabaseError as error:
                message = f"The database cannot be used: {str(error).strip()}. `manage.py doctor` says more."
                raise CommandError(message, returncode=2) from error
            except CommandError as error:
                error.returncode = 2
                raise

    def print_json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Columns as wide as their widest cell."""
        cells = [[str(cell) for cell in row] for row in [headers, *rows]]
        widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
        for row in cells:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    @property
    def shows_progress(self) -> bool:
        """Whether a person is watching."""
        return sys.stderr.isatty()

    def progress(self, done: int, total: int, what: str) -> None:
        """One line on the terminal that is written over; nothing when nobody watches."""
        if self.shows_progress:
            self.stderr.write(f"\r{what}: {done}/{total}", ending="\n" if done >= total else "")


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
