"""What `manage.py schemacheck` does with `--migrations` and `--live`."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.commands import OperationCommand
from config.home import PROGRAM, ROOT
from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.other_projects import write_sql
from schemacheck.revisions import changed_since


def add_arguments(parser: CommandParser) -> None:
    """The options of migrations and of the audit."""
    parser.add_argument(
        "--migrations",
        nargs="*",
        metavar="APP [NAME]",
        help="Check the migrations of Handrail itself, or of the project it is installed in: those not applied, an "
        "app's, one by name, or the files named. Of another project: --django.",
    )
    parser.add_argument("--live", action="store_true", help="Audit the tables the database has.")


def run(command: OperationCommand, options: dict[str, Any], policy: Policy) -> list[Checked] | None:
    """The reports; None where neither was asked for."""
    if options["live"]:
        from schemacheck import live

        check = live.audit_live_schema(database=options["database"])
        return [Checked(path=check.database, sql="", report=check.report or {})]
    if options["migrations"] is None:
        if options["sql"] or options["trial"] or options["scratch"]:
            raise CommandError("--sql and --trial need --migrations.")
        return None
    return _check(command, options, policy)


def _check(command: OperationCommand, options: dict[str, Any], policy: Policy) -> list[Checked]:
    from schemacheck.django_migrations import reviewing, trying

    _leave_to_others(options)
    named = [word for word in options["migrations"] if word.endswith(".py")]
    words = [word for word in options["migrations"] if word not in named]
    if len(words) > 2:
        raise CommandError("--migrations takes an app and a name, or files.")
    files = [Path(file) for file in named] if named else None
    changed = None
    if options["since"] is not None:
        since = changed_since(options["since"])
        changed = sorted(since)
        if files is not None:
            files = [path for path in files if path.resolve() in since or not path.exists()]
    app, name = [*words, None, None][:2]
    reviewed = reviewing.check_migrations(
        app=app,
        name=name,
        changed=changed,
        files=files,
        database=options["database"],
        proof=options["proof"],
        probe=options["probe"],
        policy=policy,
    )
    if options["sql"]:
        scripts = {item.label: (item.forwards, item.backwards) for item in reviewed.migrations}
        write_sql(Path(options["sql"]), scripts)
    checked = [Checked(path=str(item.path), sql=item.text, report=item.as_dict()) for item in reviewed.migrations]
    for path in reviewed.skipped:
        command.stderr.write(f"[SKIP] {path} holds no migration.")
    if not checked:
        command.stderr.write(_why_none(options))
    if options["trial"]:
        trial = trying.try_migrations(app=app, name=name, database=options["database"])
        _show(command, trial)
        if not trial.passed:
            raise CommandError("The trial failed; see above.")
    return checked


def _leave_to_others(options: dict[str, Any]) -> None:
    """Refuse to answer for the project whose folder this is: what is fine about us says nothing of that."""
    here = Path("manage.py").resolve()
    ours = {Path(ROOT, "manage.py").resolve(), Path(sys.argv[0]).resolve()}
    if here.is_file() and here not in ours and not options["migrations"]:
        raise CommandError(
            f"--migrations checks those of Handrail itself, and {here} is of another project. Check that one with "
            f"`{PROGRAM} schemacheck --django manage.py`; leave its folder to check Handrail.",
            returncode=2,
        )


def _why_none(options: dict[str, Any]) -> str:
    from schemacheck.django_migrations import reviewing

    if options["since"] is not None:
        return f"[SKIP] Nothing was checked: no migration changed since {options['since']}."
    if any(word.endswith(".py") for word in options["migrations"]):
        return "[SKIP] Nothing was checked: there is no migration in what was named."
    return f"[OK] {reviewing.NONE_LEFT}"


def _show(command: OperationCommand, trial: Any) -> None:
    """To stderr: stdout is the report's, and may be JSON."""
    command.stderr.write(f"Trial on a copy of {trial.database} ({trial.copy}):")
    for step in trial.steps:
        command.stderr.write(
            f"  [{step['status'].upper()}] {step['migration']} {step['direction']}, {step['seconds']} s"
            + (f": {step['error']}" if step["error"] else "")
        )
    for difference in trial.differences:
        command.stderr.write(f"  [FAILED] after going back, {difference}")
    if not trial.steps:
        command.stderr.write("  there was nothing to run: all are applied")
