"""Folders of SQL migrations named on a command line: found out, and judged as one history without a database."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from schemacheck import files
from schemacheck.checker.checked import Checked
from schemacheck.checker.policy import Policy
from schemacheck.projects.folders.layouts import LAYOUTS, PLAIN, detect
from schemacheck.refusals import InvalidPolicy, translated
from schemacheck.revisions import changed_since

_OF_A_DATABASE = ("database", "probe")


def add_arguments(parser: ArgumentParser) -> None:
    """The options of folders of migrations."""
    names = [*LAYOUTS, PLAIN]
    parser.add_argument("--layout", choices=names, help="The tool a folder's migrations are for; else found out.")
    parser.add_argument("--down", action="store_true", help="Let the rules speak of what takes a migration back too.")


@translated()
def run(paths: Sequence[str], options: Mapping[str, Any], policy: Policy) -> tuple[list[Checked], list[str]]:
    """The reports on the files that are migrations of a tool, and the paths that are not. Raises InvalidPolicy,
    NotChecked.

    A named file is judged behind those before it in its folder. Where a database is asked, every file is a script of
    its own.
    """
    if any(options.get(name) for name in _OF_A_DATABASE) or options["proof"] not in (None, "parse"):
        return [], list(paths)
    wanted = _layout(options["layout"], policy)
    changed = changed_since(options["since"]) if options["since"] is not None else None
    checked: list[Checked] = []
    rest: list[str] = []
    for folder, named in _folders(paths, rest).items():
        asked = [Path(path) for path in named] if named is not None else _files_of(folder)
        around = asked if not any(map(_may_be_one_of_many, asked)) else _files_of(folder)
        texts, unread = _read(around, options)
        layout = wanted or detect(texts)
        if layout == PLAIN:
            rest += [str(path) for path in asked]
            continue
        chosen = _chosen(texts, named, changed)
        checked += _judged(texts, layout, chosen, options, policy)
        checked += [item for item in unread if chosen is None or Path(item.path).resolve() in chosen]
    return checked, rest


@translated()
def of_text(path: Path, text: str, policy: Policy, *, dialect: str | None) -> Checked | None:
    """The report on what a file is to hold; None where it is a script of its own. Raises InvalidPolicy."""
    options = {"dialect": dialect, "down": False}
    around = _files_of(_home(path)) if _may_be_one_of_many(path) else []
    read, _ = _read([other for other in around if other != path], options)
    texts = dict(sorted([*read.items(), (path, text)]))
    layout = _layout(None, policy) or detect(texts)
    if layout == PLAIN:
        return None
    judged = _judged(texts, layout, {path.resolve()}, options, policy)
    return next((item for item in judged if Path(item.path) == path), None)


def _layout(named: str | None, policy: Policy) -> str | None:
    """The one asked for; None for that which is found out."""
    wanted = named or policy.layout or None
    if wanted not in (None, PLAIN, *LAYOUTS):
        raise InvalidPolicy(f"There is no layout {wanted!r}. Known are {', '.join([*LAYOUTS, PLAIN])}.")
    return wanted


def _folders(paths: Sequence[str], rest: list[str]) -> dict[Path, list[str] | None]:
    """The folders that hold what is named, each with the files named in it; None where the whole is."""
    folders: dict[Path, list[str] | None] = {}
    for word in paths:
        path = Path(word)
        if path.is_dir():
            folders |= dict.fromkeys(_home(Path(file)) for file in files.sql_files([word]))
        elif path.suffix == ".sql" and path.is_file():
            named = folders.setdefault(_home(path), [])
            if named is not None:
                named.append(word)
        else:
            rest.append(word)
    return folders


def _home(path: Path) -> Path:
    """The folder whose files are one history; of Prisma's the one above."""
    return path.parent.parent if path.name == "migration.sql" else path.parent


def _may_be_one_of_many(path: Path) -> bool:
    """Whether its name has a number, so that the files beside it are worth reading."""
    return any(sign.isdigit() for sign in path.name) or path.name.startswith("R__") or path.name == "migration.sql"


def _files_of(folder: Path) -> list[Path]:
    """Those that may be one history."""
    inside = sorted([*folder.glob("*.sql"), *folder.glob("*/migration.sql")])
    return [
        path
        for path in inside
        if (path.name == "migration.sql") == (path.parent != folder)
        and (path.is_file() or not path.exists())  # a pipe would be waited for
    ]


def _read(paths: Sequence[Path], options: Mapping[str, Any]) -> tuple[dict[Path, str], list[Checked]]:
    """What the files hold, and reports on those that cannot be read."""
    texts: dict[Path, str] = {}
    unread: list[Checked] = []
    for path in paths:
        try:
            texts[path] = files.read(str(path))
        except files.NotChecked as error:
            unread.append(files.not_checked(str(path), error.detail, dialect=options["dialect"]))
    return texts, unread


def _chosen(texts: Mapping[Path, str], named: Sequence[str] | None, changed: set[Path] | None) -> set[Path] | None:
    """The files asked about; None for all."""
    if named is None and changed is None:
        return None
    asked = {Path(path).resolve() for path in (named if named is not None else texts)}
    return asked if changed is None else asked & changed


def _judged(
    texts: Mapping[Path, str], layout: str, chosen: set[Path] | None, options: Mapping[str, Any], policy: Policy
) -> list[Checked]:
    from schemacheck.projects.folders.judging import judge_history  # brings the grammar

    judged = judge_history(
        LAYOUTS[layout].read(texts),
        chosen=chosen,
        dialect=options["dialect"] or "postgresql",
        downs=options["down"],
        policy=policy,
    )
    told = ({"layout": layout, "migrations": list(item.migrations), **item.report.as_dict()} for item in judged)
    blanked: dict[str, str] = {}
    return [
        files.checked(str(item.path), item.text, report, blanked) for item, report in zip(judged, told, strict=True)
    ]
