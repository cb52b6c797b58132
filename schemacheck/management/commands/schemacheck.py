import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.commands import FINDINGS, OperationCommand
from schemacheck import checks
from schemacheck.formats import FORMATS, Checked, render


class Command(OperationCommand):
    help = "Say what the database would say to SQL files, without running them. Exit code 1 when one is not valid."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", metavar="PATH", help="Files or folders of .sql files; - for stdin.")
        parser.add_argument("--dialect", choices=["postgresql", "sqlite"], help="By default that of the database.")
        parser.add_argument("--database", metavar="ALIAS", help="A configured database; by default `default`.")
        parser.add_argument("--proof", choices=["parse", "catalog", "copies", "execute"], help="How far to check.")
        parser.add_argument("--format", choices=FORMATS, default="text", help="By default text.")
        parser.add_argument("--strict", action="store_true", help="Warnings fail too.")

    def handle(self, *, paths: list[str], **options: Any) -> None:
        files = _files(paths or ["-"])
        checked = []
        for number, path in enumerate(files, 1):
            checked.append(self._check(path, options))
            self.progress(number, len(files), "Checked")
        form = "json" if options["json"] else options["format"]
        text = render(form, checked)
        if text:
            self.stdout.write(text)
        bad = ["errors", "warnings"] if options["strict"] else ["errors"]
        if any(item.report["counts"][kind] for item in checked for kind in bad):
            raise SystemExit(FINDINGS)

    def _check(self, path: str, options: dict[str, Any]) -> Checked:
        sql = _read(path)
        check = checks.check_schema(
            sql=sql, dialect=options["dialect"], database=options["database"], proof=options["proof"]
        )
        return Checked(path="<stdin>" if path == "-" else path, sql=sql, report=check.report or {})


def _files(paths: list[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        if path != "-" and Path(path).is_dir():
            found += sorted(str(file) for file in Path(path).rglob("*.sql"))
        else:
            found.append(path)
    if not found:
        raise CommandError("There is no .sql file in the folders given.")
    return found


def _read(path: str) -> str:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CommandError(f"{path} is not UTF-8: byte {error.start + 1}, line {line}. Convert it first.") from error
