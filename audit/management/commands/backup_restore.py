"""`manage.py backup restore`: go back to a backup."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.backups import making, restoring
from audit.permissions import store
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = (
        "Put a backup in the database's place. It is tried in a scratch database first, and what is there now is "
        "backed up before. Stop the service first."
    )
    examples = (
        ("backup restore handrail-20261130-020000.sqlite3.gz", "asks before it replaces the database"),
        ("backup restore handrail-20261130-020000.sqlite3.gz --yes", "the same in a script"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a path, or a name in BACKUP_DIR")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--force", action="store_true", help="even while processes of the service seem to live")
        parser.add_argument("--key", default="", help="the public key the manifest was signed with; by default ours")

    def handle(self, *args: Any, **options: Any) -> None:
        path = making.locate(options["file"])
        if not options["yes"]:
            self.ask(str(path))
        done = restoring.restore(
            path=path,
            key=options["key"],
            force=options["force"],
            progress=lambda done, total: self.progress(done, total, "restore"),
        )
        store.compile_rules()  # hooks must not go on with the rules of the database that was replaced
        verdict = done.verdict
        if options["json"]:
            self.print_json(
                {
                    "file": done.file,
                    "replaced": done.before,
                    "notes": done.notes,
                    "checkpoints_set_aside": done.superseded,
                    "valid": verdict.valid,
                    "fault": verdict.fault and verdict.fault.detail,
                }
            )
        else:
            self.stdout.write(f"[OK] {done.file} is restored")
            if done.before:
                self.stdout.write(f"[OK] what was there before is in {done.before}")
            for note in done.notes:
                self.stdout.write(f"[WARN] {note}")
            if done.superseded:
                self.stdout.write(f"[WARN] {done.superseded} checkpoints of later events are set aside")
            if verdict.fault:
                self.stdout.write(f"[FAIL] the trail: {verdict.fault.detail}")
            else:
                self.stdout.write(f"[OK] {verdict.events:,} events of the trail as recorded")
        if verdict.fault:
            raise SystemExit(FINDINGS)

    def ask(self, what: str) -> None:
        if not sys.stdin.isatty():
            raise CommandError("This replaces the database. Say so with --yes.")
        self.stdout.write(f"This replaces the whole database by {what}.")
        if input("Type yes to go on: ").strip() != "yes":
            raise CommandError("Nothing was changed.")
