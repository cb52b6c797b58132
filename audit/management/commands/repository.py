"""`manage.py repository architecture|secrets|tests`: what git's hooks run before a commit and before a push."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.agents.findings import files_of
from audit.repositories import architecture, leaks, testing
from audit.repositories.wishes import wishes_of
from config.commands import FINDINGS, OperationCommand


class Command(OperationCommand):
    help = "Hold a repository to its architecture, look for secrets, and run its tests: for git's hooks and CI."
    examples = (
        ("repository architecture", "by import-linter where it is set up, else by forbidden-imports of pyproject.toml"),
        ("repository secrets .env.example", "keys and passwords in one file; without one, in all that git keeps"),
        ("repository tests", "as [tool.handrail] test says, else as is usual for what is there"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for name, text in (("architecture", "forbidden imports"), ("secrets", "keys and passwords")):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files; else all of the repository")
        verbs.add_parser("tests", help="run the tests")

    def handle(self, *args: Any, **options: Any) -> None:
        {"architecture": self.architecture, "secrets": self.secrets, "tests": self.tests}[options["verb"]](options)

    def architecture(self, options: dict[str, Any]) -> None:
        root = Path.cwd()
        wishes = wishes_of(root)
        if architecture.has_contracts(root, wishes):
            done = architecture.lint(root)
            self.stdout.write(f"{done.stdout}{done.stderr}".rstrip())
            if done.returncode:
                sys.exit(FINDINGS)
            return
        found = architecture.breaches(root, _files(root, options), wishes.forbidden)
        for item in found:
            self.stdout.write(f"[FAIL] {item.path}:{item.line}: {item.imported} ({item.rule} is forbidden)")
        self._end(len(found), "forbidden imports" if wishes.forbidden else "rules: [tool.handrail] has none")

    def secrets(self, options: dict[str, Any]) -> None:
        root = Path.cwd()
        found = leaks.leaks(root, _files(root, options))
        for item in found:
            self.stdout.write(f"[FAIL] {item.path}:{item.line}: a secret of {item.length} characters")
        self._end(len(found), "secrets")

    def tests(self, options: dict[str, Any]) -> None:
        root = Path.cwd()
        command = testing.test_command(root, wishes_of(root))
        self.stdout.write(f"$ {command}")
        self.stdout.flush()
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        done = subprocess.run(["/bin/sh", "-c", command], cwd=root, env=environment, check=False)  # noqa: S603
        if done.returncode:
            self.stdout.write(f"[FAIL] the tests end with {done.returncode}")
            sys.exit(FINDINGS)

    def _end(self, count: int, what: str) -> None:
        self.stdout.write(f"{count} {what} found." if count else f"[OK] no {what}")
        if count:
            sys.exit(FINDINGS)


def _files(root: Path, options: dict[str, Any]) -> list[Path]:
    """Raises CommandError for one that is not below the working folder."""
    paths = [(root / path).absolute() for path in options["paths"]] or [root]
    if strange := [path for path in paths if not path.is_relative_to(root) or not path.exists()]:
        raise CommandError(f"{strange[0]} is not there, or not in {root}.", returncode=2)
    return [path for path in files_of(paths) if path.is_relative_to(root)]
