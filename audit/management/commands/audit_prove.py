"""`manage.py audit prove`: evidence for somebody who does not trust the service."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit import limits
from audit.ledger import sealing, signing
from config.commands import OperationCommand, Whole


class Command(OperationCommand):
    help = (
        "Write the proof that a checkpoint holds an event, or that history only grew between two checkpoints. "
        "audit/ledger/verify_proof.py checks it without Handrail."
    )
    examples = (
        (
            "audit prove 01a22a2d-afa6-7024-adeb-0f895a2145d4 --output proof.json",
            "that a signed checkpoint holds an event",
        ),
        ("audit prove --key", "the key an auditor checks it with"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("uid", nargs="?", help="the event")
        wanted.add_argument(
            "--consistency",
            nargs=2,
            type=Whole(0, limits.LAST_LEAF),
            metavar=("OLD", "NEW"),
            help="two checkpoints' sizes",
        )
        wanted.add_argument("--key", action="store_true", help="print the public verifier key")
        parser.add_argument("--size", type=Whole(1, limits.LAST_LEAF), help="prove against the checkpoint of this size")
        parser.add_argument("--output", type=Path, help="a file; by default stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["key"]:
            self.stdout.write(signing.public_key())
            return
        if options["consistency"]:
            old, new = options["consistency"]
            proof = sealing.prove_consistency(old=old, new=new)
        else:
            proof = sealing.prove(uid=options["uid"], checkpoint_size=options["size"])
        text = json.dumps(proof, ensure_ascii=False, indent=2)
        if options["output"] is None:
            self.stdout.write(text)
            return
        try:
            options["output"].write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"Cannot write {options['output']}: {error.strerror}.") from error
