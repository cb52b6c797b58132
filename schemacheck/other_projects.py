"""What `schemacheck` does with the projects of others: the same with the service and without it.

They are read on the machine of whoever asks, so only commands offer it: no file of the server's is read, and no code of
a project run, because a request says so.
"""

from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from config.errors import DomainError
from config.home import settings_of_another
from schemacheck import files
from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.projects import collecting, scratch
from schemacheck.refusals import InvalidCheck, translated
from schemacheck.revisions import changed_since

Complain = Callable[[str], Any]


class NotWritten(DomainError):
    code = "not-written"
    remedy = "name a folder that can be written to"


def add_arguments(parser: ArgumentParser) -> None:
    """The options of other projects, but for `--settings`, which Django's own commands have."""
    parser.add_argument("--django", metavar="MANAGE.PY", help="Check a Django project: all, APP, or APP NAME.")
    parser.add_argument("--alembic", metavar="ALEMBIC.INI", help="Check an Alembic project: all, or REVISION ...")
    parser.add_argument("--section", metavar="NAME", default="alembic", help="The section of alembic.ini.")
    parser.add_argument("--current", action="store_true", help="With --alembic: ask the database which are applied.")
    parser.add_argument(
        "--trial",
        action="store_true",
        help="With --alembic: also run them, and back, on a scratch "
        "PostgreSQL. With --migrations: on a copy of the database.",
    )
    parser.add_argument("--scratch", metavar="URL", help="An empty database for --trial; else a server is started.")
    parser.add_argument("--python", metavar="PYTHON", help="The Python it runs under; by default that of its .venv.")
    parser.add_argument(
        "--time-limit",
        type=float,
        metavar="SECONDS",
        default=collecting.TIME_LIMIT_SECONDS,
        help=f"How long the project may take to load; by default {collecting.TIME_LIMIT_SECONDS:g}.",
    )
    parser.add_argument("--sql", metavar="DIR", help="Write the SQL of migrations, both directions, there.")
    parser.add_argument("--changed-since", dest="since", metavar="REV", help="The same as --since.")


def is_asked(options: Mapping[str, Any]) -> bool:
    """Whether the options name another project."""
    return options["django"] is not None or options["alembic"] is not None


@translated()
def run(options: Mapping[str, Any], policy: Policy, complain: Complain) -> list[Checked]:
    """The reports on another project. Raises InvalidCheck, ProjectFailed, UnknownRevision, NotWritten."""
    if options["django"] is not None and options["alembic"] is not None:
        raise InvalidCheck("Name one project: --django or --alembic.")
    return (_django if options["django"] is not None else _alembic)(options, policy, complain)


def _django(options: Mapping[str, Any], policy: Policy, complain: Complain) -> list[Checked]:
    if options["trial"]:
        raise InvalidCheck("--trial is for --alembic, and for --migrations of the service's own apps.")
    manage = Path(options["django"])
    manage = manage / "manage.py" if manage.is_dir() else manage
    if not manage.is_file():
        raise InvalidCheck(f"There is no manage.py at {manage}. Name the one of your project.")
    asked = {
        "manage": str(manage.resolve()),
        "settings": options.get("settings") or settings_of_another(),
        "alias": options.get("database"),
        "asking": options.get("database") is not None,
        **_subject(options, manage.resolve().parent),
    }
    with collecting.start(
        "django", asked, project=manage, python=options["python"], seconds=options["time_limit"]
    ) as collector:
        from schemacheck.projects.django.judging import judge  # beside the project, which takes as long to load

        answer = collector.answer()
    reviewed = judge(answer, policy=policy)
    if answer["away"] and asked["asking"]:
        complain(f"[WARN] The database {asked['alias']!r} was not asked: {answer['away']}.")
    complain(f"Django {answer['django']}, Python {answer['python']} ({collector.python}): {len(reviewed)} checked.")
    if not reviewed:
        complain("[SKIP] Nothing was checked: no migration is asked about.")
    if options["sql"]:
        write_sql(Path(options["sql"]), {item.label: (item.forwards, item.backwards) for item in reviewed})
    return told(reviewed)


def _alembic(options: Mapping[str, Any], policy: Policy, complain: Complain) -> list[Checked]:
    ini = Path(options["alembic"])
    if not ini.is_file():
        raise InvalidCheck(f"There is no file {ini}. Name the alembic.ini of your project.")
    words, files, changed = _named(options, ini.resolve().parent)
    asked = {
        "ini": str(ini.resolve()),
        "section": options["section"],
        "asking": options["current"],
        "words": words,
        "files": files,
        "changed": changed,
    }
    with ExitStack() as stack:
        if options["trial"]:
            asked["scratch"] = stack.enter_context(scratch.server(options["scratch"]))
        collector = stack.enter_context(
            collecting.start("alembic", asked, project=ini, python=options["python"], seconds=options["time_limit"])
        )
        from schemacheck.projects.alembic.judging import judge

        answer = collector.answer()
    revisions = judge(answer, downs=options["down"], policy=policy)
    if answer["unready"]:
        complain(f"[WARN] env.py was left out, it does not run here: {answer['unready']}.")
    if answer["away"]:
        complain(f"[WARN] The database was not asked: {answer['away']}.")
    complain(f"Alembic {answer['alembic']}, Python {answer['python']} ({collector.python}): {len(revisions)} checked.")
    if tried := answer["tried"]:
        complain(_of_the_trial(tried))
    if not revisions:
        complain("[SKIP] Nothing was checked: no revision is asked about.")
    if options["sql"]:
        write_sql(
            Path(options["sql"]),
            {item.label: (item.sql("upgrade"), item.sql("downgrade")) for item in revisions if item.told},
        )
    return told(revisions)


def _of_the_trial(tried: Mapping[str, Any]) -> str:
    ran = f"{tried['forwards']} revisions forwards and {tried['backwards']} back on PostgreSQL {tried['server']}"
    return f"[FAIL] Tried {ran}, then: {tried['failed']}." if tried["failed"] else f"[OK] Tried {ran}."


def told(items: Iterable[Any]) -> list[Checked]:
    """Migrations judged, as a file and its report each."""
    blanked: dict[str, str] = {}
    return [files.checked(str(item.path), item.text, item.as_dict(), blanked) for item in items]


def _named(options: Mapping[str, Any], folder: Path) -> tuple[list[str], list[str] | None, list[str] | None]:
    """The words that name no file, the files named, and those that changed."""
    named = [word for word in options["paths"] if word.endswith(".py")]
    words = [word for word in options["paths"] if word not in named]
    files = [str(Path(path).resolve()) for path in named] if named else None
    changed = None
    if options["since"] is not None:
        changed = sorted(str(path) for path in changed_since(options["since"], folder=folder))
        if files is not None:
            files = [path for path in files if path in changed or not Path(path).exists()]
    return words, files, changed


def _subject(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Which migrations of Django: of an app, one by name, in the files named, or those in what changed."""
    words, files, changed = _named(options, folder)
    if len(words) > 2:
        raise InvalidCheck("--django takes an app and the name of a migration, or files.")
    app, name = [*words, None, None][:2]
    return {"app": app, "name": name, "files": files, "changed": changed}


def write_sql(folder: Path, scripts: Mapping[str, tuple[str, str]]) -> None:
    """Both directions of each migration, a file each. Raises NotWritten."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for label, directions in scripts.items():
            for direction, sql in zip(("forwards", "backwards"), directions, strict=True):
                (folder / f"{label}.{direction}.sql").write_text(sql, encoding="utf-8")
    except OSError as error:
        raise NotWritten(f"{folder} cannot be written to: {error.strerror}.") from error
