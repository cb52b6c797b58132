from typing import Any

from django.core.management.base import CommandParser

from config.commands import OperationCommand
from schemacheck import checks, files, histories, options, other_projects
from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.django_migrations import door


class Command(OperationCommand):
    help = "Say what the database would say to SQL files, without running them. Exit code 1 when one is not valid."
    examples = (
        (
            "schemacheck migrations/0042_orders.sql --dialect postgresql",
            "what PostgreSQL would say, without running it",
        ),
        (
            "schemacheck --migrations shop --format github",
            "the migrations of an app that are not applied, as notes on a pull request",
        ),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        options.add_arguments(parser)
        parser.add_argument("--database", metavar="ALIAS", help="A configured database; by default `default`.")
        parser.add_argument(
            "--probe", action="store_true", help="Also ask existing rows whether they meet new constraints."
        )
        door.add_arguments(parser)

    def handle(self, *, paths: list[str], **said: Any) -> None:
        policy = options.policy_of(said)
        if other_projects.is_asked(said):
            self.report(other_projects.run({**said, "paths": paths}, policy, self.stderr.write), said)
            return
        if said["migrations"] is not None:
            said["migrations"] += paths  # what stands behind another option, as a hook's file names behind its args
        others = door.run(self, said, policy)
        if others is not None:
            self.report(others, said)
            return
        histories_found, plain = histories.run(paths or list(policy.paths), said, policy)
        if histories_found and not plain:
            self.report(histories_found, said)
            return
        given = files.sql_files(plain or ["-"], said["since"])
        if not given:
            self.stderr.write(f"[SKIP] Nothing was checked: none of the files changed since {said['since']}.")
        checked, kept = histories_found, checks.has_history()
        for number, path in enumerate(given, 1):
            checked.append(self._check(path, policy, said, kept=kept))
            self.progress(number, len(given), "Checked")
        self.report(checked, said)

    def report(self, checked: list[Checked], said: dict[str, Any]) -> None:
        """Print what was found; exit 1 where something fails, 2 where something could not be looked at."""
        if code := options.told(checked, said, self.stdout.write, self.stderr.write):
            raise SystemExit(code)

    def _check(self, path: str, policy: Policy, said: dict[str, Any], *, kept: bool) -> Checked:
        shown = "<stdin>" if path == "-" else path
        try:
            sql = files.read(path)
        except files.NotChecked as error:
            return files.not_checked(shown, error.detail, dialect=said["dialect"])
        check = checks.check_schema(
            sql=sql,
            dialect=said["dialect"],
            database=said["database"],
            proof=said["proof"],
            probe=said["probe"],
            policy=policy,
            kept=kept,
        )
        return Checked(path=shown, sql=sql, report=check.report or {})
