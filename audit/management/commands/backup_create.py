"""`manage.py backup create`: a consistent copy of the database, while the service runs."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.backups import making
from audit.models import BackupRun
from audit.serializers import BackupSerializer
from config.commandline.amounts import duration, size
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = "Back the database up into BACKUP_DIR, with a signed manifest beside it. The secrets are not inside."
    examples = (
        ("backup create --verify", "a backup, and the proof that it restores"),
        ("backup create --kind pre-migration", "one that is kept apart from the daily ones"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=BackupRun.Kind.values, default=BackupRun.Kind.MANUAL)
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch database afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        run = making.back_up(kind=options["kind"], progress=lambda done, total: self.progress(done, total, "backup"))
        path = settings.BACKUP_DIR / run.file
        problems: list[str] = []
        if options["verify"]:
            problems = making.verify(
                path=path, progress=lambda done, total: self.progress(done, total, "verification")
            ).problems
            run.refresh_from_db()
        removed = making.prune() if run.pk else []
        if options["json"]:
            self.print_json(BackupSerializer(run).data)
        else:
            self.stdout.write(f"[OK] {path}")
            taken = f"{size(run.size_bytes)} in {duration(run.duration_seconds)}"
            self.stdout.write(f"[OK] {taken}; {run.ledger_size:,} leaves of the audit ledger")
            for name in removed:
                self.stdout.write(f"[OK] {name} is removed, as BACKUP_KEEP says")
            for problem in problems:
                self.stdout.write(f"[FAIL] {problem}")
            if options["verify"] and not problems:
                self.stdout.write("[OK] it restores")
        if problems:
            raise SystemExit(FINDINGS)
