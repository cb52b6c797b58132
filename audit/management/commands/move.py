"""`manage.py move --to URL`: the installation to the other kind of database."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from audit.moving.move import move
from config.commands import OperationCommand
from config.home import spelled


class Command(OperationCommand):
    help = (
        "Copy everything to an empty database of the other kind, SQLite or PostgreSQL, and compare before it counts. "
        "Stop the service first. The present database stays as it is."
    )
    examples = (
        ("move --to postgres://handrail:password@db.example:5432/handrail", "from SQLite to PostgreSQL"),
        ("move --to sqlite:////srv/handrail/handrail.sqlite3", "and back"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", required=True, metavar="URL", help="Address of the new database, as DATABASE_URL.")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        try:
            moved = move(to=to, progress=lambda done, total: self.progress(done, total, "rows"))
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        variable = spelled("DATABASE_URL")
        if options["json"]:
            self.print_json(
                {
                    "tables": moved.tables,
                    "rows": moved.rows,
                    "ledger_size": moved.ledger_size,
                    "ledger_root": moved.ledger_root,
                    "setting": variable,
                }
            )
            return
        self.stdout.write(f"[OK] {moved.rows:,} rows of {moved.tables} tables are there")
        self.stdout.write(f"[OK] the trail is the same: {moved.ledger_size:,} events, root {moved.ledger_root}")
        self.stdout.write(f"Set {variable} to the address after --to, then start the service; DATA_DIR stays.")
        self.stdout.write("Keep the old database as a backup, and do not start the service on it again.")
