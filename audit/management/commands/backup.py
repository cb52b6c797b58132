"""`manage.py backup`: a consistent copy of the database, while the service runs."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.backups import making
from audit.models import BackupRun
from audit.serializers import BackupSerializer
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = "Back the database up into BACKUP_DIR, with a signed manifest beside it. The secrets are not inside."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=BackupRun.Kind.values, default=BackupRun.Kind.MANUAL)
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch database afterwards")
        parser.add_argument("--list", action="store_true", help="show the backups there are, and make none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self.show(options["json"])
            return
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
            size, seconds = run.size_bytes or 0, run.duration_seconds or 0
            self.stdout.write(f"[OK] {size:,} bytes in {seconds:.1f} s; {run.ledger_size} leaves of the audit ledger")
            for name in removed:
                self.stdout.write(f"[OK] {name} is removed, as BACKUP_KEEP says")
            for problem in problems:
                self.stdout.write(f"[FAIL] {problem}")
            if options["verify"] and not problems:
                self.stdout.write("[OK] it restores")
        if problems:
            raise SystemExit(FINDINGS)

    def show(self, as_json: bool) -> None:
        runs = BackupRun.objects.filter(removed_at=None)[:200]
        if as_json:
            self.print_json(BackupSerializer(runs, many=True).data)
            return
        rows = [
            [f"{run.created_at:%Y-%m-%d %H:%M}", run.kind, run.status, run.size_bytes or "", run.verification, run.file]
            for run in runs
        ]
        self.table(["made", "kind", "status", "bytes", "verification", "file"], rows)
