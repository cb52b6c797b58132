"""`manage.py agent_scan [PATH...]`: what a repository would have run that the rules deny to agents."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.agents import findings, sarif
from audit.permissions import kept
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = "Find commands that the rules deny, in scripts, Dockerfiles, pipelines, package.json and agents' files."
    examples = (
        ("agent scan .", "the repository at hand; exit 1 if anything is found"),
        ("agent scan --format sarif . > findings.sarif", "for the code host"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="*", type=Path, default=[Path()], metavar="PATH", help="files and folders")
        parser.add_argument("--format", choices=["text", "json", "sarif"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        for path in options["paths"]:
            if not path.exists():
                raise CommandError(f"{path} is not there.", returncode=2)
        paths = [path.resolve() for path in options["paths"]]
        found, unread = findings.scan(paths, rules=kept.bounds().rules, root=Path.cwd())
        for told in unread:
            self.stderr.write(f"[WARN] {told}; it was not looked at")
        form = "json" if options["json"] else options["format"]
        if form == "sarif":
            self.print_json(sarif.document(found))
        elif form == "json":
            self.print_json([finding.as_dict() for finding in found])
        else:
            for finding in found:
                self.stdout.write(f"[FAIL] {finding.path}:{finding.line}: {finding.command} ({finding.reason})")
            nothing = "nothing that the rules deny"
            fine = f"[WARN] {nothing} in what was read" if unread else f"[OK] {nothing}"
            self.stdout.write(f"{len(found)} denied commands found." if found else fine)
        if found:
            sys.exit(FINDINGS)
