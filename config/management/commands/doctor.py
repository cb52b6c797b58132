from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from config.commands import FINDINGS, OperationCommand
from config.watching import doctor


class Command(OperationCommand):
    help = "Check everything the service stands on, with the fix for what is wrong. Exit code 1 when something failed."
    examples = (
        ("doctor", "what is wrong, and how to mend it"),
        ("doctor --fix", "mend what is safe to mend"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix", action="store_true", help="Mend what is safe: permissions, directories, migrations, static files."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine()
        mended = list(doctor.mend(found)) if options["fix"] else []
        if mended:
            found = doctor.examine()
        worst = next((status for status in ("fail", "warn") if any(check.status == status for check in found)), "ok")
        if options["json"]:
            self.print_json({"status": worst, "mended": mended, "checks": [asdict(check) for check in found]})
        else:
            for done in mended:
                self.stdout.write(f"Mended: {done}.")
            for check in found:
                fix = f" -- {check.fix}" if check.status != "ok" and check.fix else ""
                self.stdout.write(f"{f'[{check.status.upper()}]':6} {check.name}: {check.detail}{fix}")
        if worst == "fail":
            raise SystemExit(FINDINGS)
