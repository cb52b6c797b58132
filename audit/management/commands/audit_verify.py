"""`manage.py audit verify`: is the trail the one that was recorded?"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from audit import limits
from audit.ledger import manifest
from audit.ledger.verification import verify
from config.commands import FINDINGS, OperationCommand, Whole, text_of


class Command(OperationCommand):
    help = "Check events, tree and checkpoints against each other. Exit code 1 names the first fault."
    examples = (
        ("audit verify", "is all of the trail as it was recorded?"),
        ("audit verify --manifest trail.csv.manifest", "is an export the one that was written?"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--since",
            type=Whole(0, limits.LAST_LEAF),
            default=0,
            metavar="N",
            help="first leaf; a checkpoint's size is one",
        )
        parser.add_argument("--until", type=Whole(0, limits.LAST_LEAF), metavar="N", help="one past the last leaf")
        parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="a checkpoint kept elsewhere")
        parser.add_argument("--key", default="", help="the verifier key it was signed with; by default our own")

        parser.add_argument("--manifest", type=Path, metavar="FILE", help="check an export and its manifest instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["manifest"]:
            for line in manifest.check(manifest=options["manifest"], key=options["key"]):
                self.stdout.write(f"[OK] {line}")
            return
        note = text_of(str(options["checkpoint"])) if options["checkpoint"] else ""
        verdict = verify(
            since=options["since"],
            until=options["until"],
            checkpoint=note,
            key=options["key"],
            progress=lambda done, total: self.progress(done, total, "events"),
        )
        if options["json"]:
            self.print_json(asdict(verdict))
        elif verdict.fault:
            where = f" at leaf {verdict.fault.position}" if verdict.fault.position is not None else ""
            self.stdout.write(
                f"[FAIL] {verdict.fault.kind}{where}: {verdict.fault.detail} {verdict.fault.uid}".rstrip()
            )
        else:
            removed = f", {verdict.removed:,} removed by retention" if verdict.removed else ""
            self.stdout.write(
                f"[OK] {verdict.events:,} events as recorded{removed}; {verdict.checkpoints:,} checkpoints hold"
            )
        if not verdict.valid:
            raise SystemExit(FINDINGS)
