"""What a command line says of a check, and how its end is told: the same with the service and without it."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.secrets import blank
from schemacheck import files, histories, other_projects
from schemacheck.checker import baseline
from schemacheck.checker.checked import Checked
from schemacheck.checker.findings import DIALECTS, Proof
from schemacheck.checker.policy import Policy
from schemacheck.formats import FORMATS, render
from schemacheck.project import policy_for
from schemacheck.refusals import InvalidCheck, translated

VALID, FINDINGS, NOT_CHECKED = 0, 1, 2
"""Exit codes: nothing that fails, something that does, a file that could not be looked at."""
Say = Callable[[str], Any]


def add_arguments(parser: ArgumentParser) -> None:
    """What can be said of SQL files and of the projects of others."""
    proofs = [proof.value for proof in Proof if proof is not Proof.NONE]
    parser.add_argument("paths", nargs="*", metavar="PATH", help="Files or folders of .sql files; - for stdin.")
    parser.add_argument("--dialect", choices=list(DIALECTS), help="By default that of the database, else postgresql.")
    parser.add_argument("--proof", choices=proofs, help="How far to check.")
    parser.add_argument("--format", choices=FORMATS, default="text", help="By default text.")
    parser.add_argument("--strict", action="store_true", help="Warnings fail too.")
    add_policy_arguments(parser)
    histories.add_arguments(parser)
    other_projects.add_arguments(parser)


def add_policy_arguments(parser: ArgumentParser) -> None:
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


def policy_of(options: Mapping[str, Any]) -> Policy:
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


@translated()
def told(checked: list[Checked], options: Mapping[str, Any], say: Say, complain: Say) -> int:
    """Say what is left when the baseline is taken away; the exit code. Raises InvalidCheck, InvalidBaseline."""
    unread = [
        finding["message"] for item in checked for finding in item.findings if finding["rule"] == files.NOT_CHECKED
    ]
    for message in unread:
        complain(message)
    if options["write_baseline"]:
        if not options["baseline"]:
            raise InvalidCheck("--write-baseline needs --baseline FILE.")
        kept = baseline.write(Path(options["baseline"]), checked)
        say(f"[OK] {kept} findings are kept in {options['baseline']}.")
        return NOT_CHECKED if unread else VALID
    if options["baseline"]:
        checked, stale = baseline.leave_out(Path(options["baseline"]), checked)
        if stale:
            complain(f"{stale} findings of the baseline are not there any more; write it anew.")
    form = "json" if options["json"] else options["format"]
    if text := render(form, checked):
        say(blank(text) if form == "text" else text)  # it shows lines of the script; the others tell what is blanked
    return NOT_CHECKED if unread else _verdict(checked, ["errors", "warnings"] if options["strict"] else ["errors"])


def _verdict(checked: Sequence[Checked], failing: Sequence[str]) -> int:
    return FINDINGS if any(item.report["counts"][kind] for item in checked for kind in failing) else VALID
