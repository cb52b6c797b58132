from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.commands import FINDINGS, OperationCommand
from schemacheck import checks, files, histories, other_projects
from schemacheck.checker import baseline
from schemacheck.checker.formats import FORMATS, Checked, render
from schemacheck.checker.policy import Policy
from schemacheck.django_migrations import door
from schemacheck.models import Check
from schemacheck.project import policy_for
from schemacheck.refusals import translated

EXIT_NOT_CHECKED = 2
"""Exit code where a file could not be looked at."""


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
        parser.add_argument("paths", nargs="*", metavar="PATH", help="Files or folders of .sql files; - for stdin.")
        parser.add_argument("--dialect", choices=Check.Dialect.values, help="By default that of the database.")
        parser.add_argument("--database", metavar="ALIAS", help="A configured database; by default `default`.")
        parser.add_argument("--proof", choices=Check.Proof.values, help="How far to check.")
        parser.add_argument(
            "--probe", action="store_true", help="Also ask existing rows whether they meet new constraints."
        )
        parser.add_argument("--format", choices=FORMATS, default="text", help="By default text.")
        parser.add_argument("--strict", action="store_true", help="Warnings fail too.")
        add_policy_arguments(parser)
        histories.add_arguments(parser)
        other_projects.add_arguments(parser)
        door.add_arguments(parser)

    def handle(self, *, paths: list[str], **options: Any) -> None:
        policy = policy_of(options)
        if other_projects.is_asked(options):
            self.report(other_projects.run({**options, "paths": paths}, policy, self.stderr.write), options)
            return
        if options["migrations"] is not None:
            options["migrations"] += paths  # what stands behind another option, as a hook's file names behind its args
        others = door.run(self, options, policy)
        if others is not None:
            self.report(others, options)
            return
        histories_found, plain = histories.run(paths or list(policy.paths), options, policy)
        if histories_found and not plain:
            self.report(histories_found, options)
            return
        given = files.sql_files(plain or ["-"], options["since"])
        if not given:
            self.stderr.write(f"[SKIP] Nothing was checked: none of the files changed since {options['since']}.")
        checked, kept = histories_found, checks.has_history()
        for number, path in enumerate(given, 1):
            checked.append(self._check(path, policy, options, kept=kept))
            self.progress(number, len(given), "Checked")
        self.report(checked, options)

    @translated()
    def report(self, checked: list[Checked], options: dict[str, Any]) -> None:
        """Leave out what the baseline has, print the rest; exit 1 where something is left that fails, 2 unchecked."""
        findings = [finding for item in checked for finding in item.findings]
        unread = [finding["message"] for finding in findings if finding["rule"] == files.NOT_CHECKED]
        for message in unread:
            self.stderr.write(message)
        if options["write_baseline"]:
            if not options["baseline"]:
                raise CommandError("--write-baseline needs --baseline FILE.")
            kept = baseline.write(Path(options["baseline"]), checked)
            self.stdout.write(f"[OK] {kept} findings are kept in {options['baseline']}.")
            if unread:
                raise SystemExit(EXIT_NOT_CHECKED)
            return
        if options["baseline"]:
            checked, stale = baseline.leave_out(Path(options["baseline"]), checked)
            if stale:
                self.stderr.write(f"{stale} findings of the baseline are not there any more; write it anew.")
        form = "json" if options["json"] else options["format"]
        text = render(form, checked)
        if text:
            self.stdout.write(text)
        if unread:
            raise SystemExit(EXIT_NOT_CHECKED)
        bad = ["errors", "warnings"] if options["strict"] else ["errors"]
        if any(item.report["counts"][kind] for item in checked for kind in bad):
            raise SystemExit(FINDINGS)

    def _check(self, path: str, policy: Policy, options: dict[str, Any], *, kept: bool) -> Checked:
        shown = "<stdin>" if path == "-" else path
        try:
            sql = files.read(path)
        except files.NotChecked as error:
            return files.not_checked(shown, error.detail, dialect=options["dialect"])
        check = checks.check_schema(
            sql=sql,
            dialect=options["dialect"],
            database=options["database"],
            proof=options["proof"],
            probe=options["probe"],
            policy=policy,
            kept=kept,
        )
        return Checked(path=shown, sql=sql, report=check.report or {})


def add_policy_arguments(parser: CommandParser) -> None:
    """Options that say which rules speak, and about which files."""
    parser.add_argument("--config", metavar="FILE", help="By default the nearest pyproject.toml: [tool.schemacheck].")
    parser.add_argument("--select", metavar="RULES", help="Rules or families, with commas; `default` and `all` too.")
    parser.add_argument("--ignore", metavar="RULES", help="Rules or families to leave out, with commas.")
    parser.add_argument("--pg-version", type=int, metavar="N", help="Judge for this major version of PostgreSQL.")
    parser.add_argument(
        "--assume-in-transaction", action="store_true", default=None, help="Each file is run in a transaction."
    )
    parser.add_argument("--since", metavar="REV", help="Only files that changed since this revision of git.")
    parser.add_argument("--baseline", metavar="FILE", help="Leave out the findings this file holds.")
    parser.add_argument("--write-baseline", action="store_true", help="Keep what is found now in the baseline file.")


def policy_of(options: dict[str, Any]) -> Policy:
    """The project's policy with what the command line changes. Raises InvalidPolicy."""
    listed = {
        key: [item.strip() for item in options[key].split(",") if item.strip()]
        for key in ("select", "ignore")
        if options[key] is not None
    }
    return policy_for(
        Path(options["config"]) if options["config"] else None,
        pg_version=options["pg_version"],
        assume_in_transaction=options["assume_in_transaction"],
        **listed,
    )
