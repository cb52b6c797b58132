"""`manage.py backup list`: which backups there are, and which of them were seen to restore."""

from typing import Any

from audit.models import BackupRun
from audit.serializers import BackupSerializer
from config.commandline.amounts import moment, size
from config.commands import OperationCommand

MOST_SHOWN = 200


class Command(OperationCommand):
    help = "Show the backups there are, the newest first."
    examples = (
        ("backup list", "when each was made, and whether it was seen to restore"),
        ("backup list --json", "the same for a program"),
    )

    def handle(self, *args: Any, **options: Any) -> None:
        show(self, as_json=options["json"])


def show(command: OperationCommand, *, as_json: bool) -> None:
    """What `backup list` prints."""
    runs = BackupRun.objects.filter(removed_at=None)[:MOST_SHOWN]
    if as_json:
        command.print_json(BackupSerializer(runs, many=True).data)
        return
    rows = [
        [moment(run.created_at), run.kind, run.status, size(run.size_bytes), run.verification, run.file] for run in runs
    ]
    command.table(["made", "kind", "status", "size", "verification", "file"], rows)
