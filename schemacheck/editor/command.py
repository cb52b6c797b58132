"""Show findings beside the lines in an editor, which starts this and talks with it over stdin and stdout."""

import argparse
import gc
import sys
from collections.abc import Sequence

from schemacheck.checker.findings import DIALECTS

NOT_STARTED = 2


def main(words: Sequence[str], *, program: str) -> int:
    """Serve until the editor leaves; the exit code."""
    given = _parser(program).parse_args(words)
    try:
        from schemacheck.editor.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        from config.entry.extras import how_to_install

        sys.stderr.write(f"`{program}` needs the editor's part: {how_to_install('editor')}\n")
        return NOT_STARTED
    from schemacheck.editor.checks import How

    gc.enable()  # which the start had switched off: this lives for a day
    serve(How(dialect=given.dialect, python=given.python, projects=not given.sql_only))
    return 0


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Say what the database would say to SQL files and migrations while they are written: a language "
        "server on stdin and stdout, which an editor starts.",
        epilog="A migration of Django or Alembic is judged by running its project's manage.py or env.py under the "
        "project's own Python, as soon as it is opened; --sql-only never does.",
        allow_abbrev=False,
    )
    parser.add_argument("--dialect", choices=list(DIALECTS), help="Of SQL files; by default postgresql.")
    parser.add_argument("--python", metavar="PYTHON", help="The Python projects run under; by default their own.")
    parser.add_argument("--sql-only", action="store_true", help="Run no project's code.")
    parser.add_argument("--stdio", action="store_true", help="Some editors say so; it is the only way.")
    return parser
