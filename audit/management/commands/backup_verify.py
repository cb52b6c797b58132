"""`manage.py backup verify`: does a backup restore?"""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from audit.backups import making
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = "Restore a backup into a scratch database and compare it with its manifest. Exit code 1 names what differs."
    examples = (
        ("backup verify handrail-20261130-020000.sqlite3.gz", "a file of BACKUP_DIR; nothing is changed"),
        ("backup verify /mnt/copy.sqlite3.gz --key 'handrail+1a2b3c4d+AbCd'", "a copy that another Handrail signed"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a path, or a name in BACKUP_DIR")
        parser.add_argument("--key", default="", help="the public key the manifest was signed with; by default ours")

    def handle(self, *args: Any, **options: Any) -> None:
        found = making.verify(
            path=making.locate(options["file"]),
            key=options["key"],
            progress=lambda done, total: self.progress(done, total, "verification"),
        )
        if options["json"]:
            self.print_json({**asdict(found), "passed": found.passed})
        elif found.passed:
            held = f"{found.rows:,} rows in {found.tables} tables, {found.ledger_size:,} leaves of the audit ledger"
            self.stdout.write(f"[OK] {found.file} restores: {held}")
        else:
            for problem in found.problems:
                self.stdout.write(f"[FAIL] {problem}")
        if not found.passed:
            raise SystemExit(FINDINGS)
