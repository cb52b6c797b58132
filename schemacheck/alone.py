"""`handrail schemacheck` without the service: files and projects of others, with no settings, database or history."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from config.commandline import terminal
from config.errors import DomainError
from config.secrets import blank
from schemacheck import files, histories, options, other_projects
from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.refusals import InvalidCheck, translated

_OF_THE_SERVICE = ("--migrations", "--live", "--database", "--probe", "--settings", "--pythonpath")
"""Options that ask a database which the service's settings name."""

_OF_A_PROJECT = ("--django", "--alembic")


def can_answer(words: Sequence[str]) -> bool:
    """Whether the words ask for nothing that only the service has."""
    return names_a_project(words) or _options(words).isdisjoint(_OF_THE_SERVICE)


def names_a_project(words: Sequence[str]) -> bool:
    """Whether the words name another project, whose `--settings` and `--database` are not the service's."""
    return not _options(words).isdisjoint(_OF_A_PROJECT)


def _options(words: Sequence[str]) -> set[str]:
    return {word.partition("=")[0] for word in words}


def main(words: Sequence[str], *, program: str) -> int:
    """Check what the words name, and say it; the exit code."""
    try:
        given = vars(_parser(program).parse_args(words))
        return options.told(_checked(given), given, _say, _complain)
    except DomainError as error:
        _complain(f"{program}: error: {error.detail}")
        return options.NOT_CHECKED
    except BrokenPipeError:  # whoever read has seen enough
        sys.stderr.close()
        return options.NOT_CHECKED


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Say what PostgreSQL or SQLite would say to SQL files and migrations, without running them.",
        epilog="Exit code 1 when one is not valid, 2 when one could not be checked. With the service also: "
        "--migrations [APP [NAME]], --live, --database ALIAS, --probe.",
        allow_abbrev=False,
    )
    options.add_arguments(parser)
    parser.add_argument("--database", metavar="ALIAS", help="With --django: also ask this database of the project.")
    parser.add_argument("--settings", metavar="MODULE", help="With --django: the project's settings.")
    parser.add_argument("--json", action="store_true", help="The same as --format json.")
    return parser


def _checked(given: dict[str, Any]) -> list[Checked]:
    policy = options.policy_of(given)
    if other_projects.is_asked(given):
        return other_projects.run(given, policy, _complain)
    if given["trial"] or given["scratch"]:
        raise InvalidCheck("--trial needs --alembic ALEMBIC.INI.")
    found, plain = histories.run(given["paths"] or list(policy.paths), given, policy)
    if found and not plain:
        return found
    paths = files.sql_files(plain or ["-"], given["since"])
    if not paths:
        _complain(f"[SKIP] Nothing was checked: none of the files changed since {given['since']}.")
    blanked: dict[str, str] = {}
    return [*found, *(_judged(path, given, policy, blanked) for path in paths)]


@translated()
def _judged(path: str, given: dict[str, Any], policy: Policy, blanked: dict[str, str]) -> Checked:
    from schemacheck.checker.validator import validate  # --help does not wait for the grammar

    shown = "<stdin>" if path == "-" else path
    try:
        sql = files.read(path)
    except files.NotChecked as error:
        return files.not_checked(shown, error.detail, dialect=given["dialect"])
    report = validate(sql, dialect=given["dialect"] or "postgresql", proof=given["proof"], policy=policy)
    return files.checked(shown, sql, report.as_dict(), blanked)


def _say(text: str) -> None:
    _write(sys.stdout, text)


def _complain(text: str) -> None:
    _write(sys.stderr, blank(text))


def _write(stream: Any, text: str) -> None:
    if stream.isatty():
        text = terminal.marked(text, terminal.coloured if terminal.has_colour(asked=None) else terminal.plain)
    stream.write(f"{text}\n")
    stream.flush()
