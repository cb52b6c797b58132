"""What a tool call consists of: the parts that rules judge one by one."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from audit import shell
from audit.permissions.calls import Call
from audit.permissions.patterns import absolute
from audit.permissions.rules import EDITING, READING
from audit.permissions.sides import CommandView
from audit.shell.programs import module_of
from audit.shell.temporary import is_set, with_temporary
from audit.shell.words import GLOB, SPLIT, UNKNOWN, VARIABLE, plain

MAX_FOLDERS = 16
_GLOBS = rf"{GLOB}\[[^\]]*\]|{GLOB}[!@?*+]\([^)]*\)|{GLOB}."
Kind = Literal["line", "command", "read", "write", "url", "sql", "tool", "doubt"]


class Part(NamedTuple):
    """One thing a call would do."""

    kind: Kind
    text: str
    """As the answer shows it."""
    needs_rule: bool = True
    """Whether a rule must allow it; otherwise only what restricts it counts."""
    view: CommandView | None = None
    paths: tuple[str, ...] = ()
    """The file, and where links lead."""
    segment: str = ""
    """The last segment of a path with unknown parts, as a glob."""
    below: tuple[str, ...] = ()
    """The folders below which such a path lies, where that is known."""
    has_tmpdir: bool = False
    """Whether $TMPDIR in a command is what the environment has."""
    adrift: bool = False
    """Whether its folder is that of a variable, so that it may lie anywhere. What a program lists lies below where it
    was told to look, as a rule."""
    context: str | None = None
    """The text that would have to hold the name, when the unknown parts are variables."""
    folders: tuple[str, ...] = ()
    redirect: bool = False
    host: str = ""
    script: str = ""
    via: tuple[str, ...] = ()
    aside: bool = False
    """A command in a parameter of a tool that is no shell: what restricts commands holds for it too."""


def parts_of(call: Call) -> list[Part]:
    """The parts of a call. A call that cannot be understood has a part of doubt."""
    try:
        return list(_shell(call) if call.tool == "Bash" else _tool(call))
    except Exception as error:  # whatever it is, the call is not understood
        import logging

        logging.getLogger(__name__).exception("A call of %s could not be analysed", call.tool)
        return [Part(kind="doubt", text=f"the analysis failed: {type(error).__name__}")]


def _tool(call: Call) -> Iterator[Part]:
    if call.tool in READING or call.tool in EDITING or call.tool == "ApplyPatch":
        yield from _file_tool(call)
    elif call.tool == "WebFetch":
        yield from _addresses(call)
    else:
        yield from _other_tool(call)
    for statements in call.statements():
        yield from _sql(statements)


def _file_tool(call: Call) -> Iterator[Part]:
    kind: Kind = "read" if call.tool in READING else "write"
    paths = call.paths()
    if not paths:
        yield Part(kind="doubt", text=f"{call.tool} without a path")
    for path in paths:
        yield Part(kind=kind, text=path, paths=_resolved(path, call, [call.cwd]), folders=(call.cwd,))


def _addresses(call: Call) -> Iterator[Part]:
    urls = call.urls()
    if not urls:
        yield Part(kind="doubt", text="WebFetch without an address")
    for url in urls:
        host = _host(url)
        if not host:
            yield Part(kind="doubt", text=f"an address that cannot be read: {url[:200]}")
        yield Part(kind="url", text=url, host=host)


def _other_tool(call: Call) -> Iterator[Part]:
    yield Part(kind="tool", text=call.tool)
    if call.tool.lower() in ("powershell", "pwsh", "cmd"):
        yield Part(kind="doubt", text=f"{call.tool} reads another language than bash")
    if call.tool == "ShellInput" and any(call.commands()):
        yield Part(kind="doubt", text="what is typed into a running program is known to it alone")
    for code in filter(None, call.commands()):
        for item in (shell.find(code) if isinstance(code, str) else shell.find_words(code)).commands:
            yield Part(
                kind="command", text=item.text, needs_rule=False, view=CommandView(item), via=item.via, aside=True
            )


def _host(url: str) -> str:
    # Browsers take \ for /, and drop tabs and newlines; what reads differently in two readers has no host here.
    if any(character in url for character in "\\\t\r\n") or "@" in url.partition("://")[2].split("/")[0]:
        return ""
    from urllib.parse import urlsplit

    try:
        return (urlsplit(url).hostname or "").encode("idna").decode()
    except ValueError:
        return ""


def _shell(call: Call) -> Iterator[Part]:
    commands = call.commands()
    if not commands:
        yield Part(kind="doubt", text="a shell call without a command")
    for command in commands:
        yield from _command(command, call)


def _command(command: str | list[str], call: Call) -> Iterator[Part]:
    text = command if isinstance(command, str) else " ".join(command)
    found = shell.find(command) if isinstance(command, str) else shell.find_words(command)
    folders, elsewhere = _folders(found.folders, call)
    is_elsewhere = is_set(text, found.commands)
    for line in found.lines:
        yield Part(kind="line", text=plain(line), needs_rule=False)
    for item in found.commands:
        defined = item.words[0] in found.functions
        yield Part(
            kind="command",
            text=item.text,
            needs_rule=not (item.transparent or defined),
            view=CommandView(item),
            via=item.via,
            folders=() if elsewhere else folders,
            has_tmpdir=not is_elsewhere,
        )
    for use in (item._replace(path=item.path if is_elsewhere else with_temporary(item.path)) for item in found.files):
        redirect = use.by == "redirect"
        yield Part(
            kind=use.kind,
            text=plain(use.path).replace(UNKNOWN, "${...}"),
            needs_rule=redirect and use.kind == "write",
            paths=() if UNKNOWN in use.path else _resolved(plain(use.path), call, folders),
            segment=_segment(use.path, elsewhere=elsewhere),
            below=() if elsewhere else _known_folder(use.path, call, folders),
            folders=folders,
            adrift=UNKNOWN + VARIABLE in use.path.rpartition("/")[0],
            context=text if _is_variable(use.path) else None,
            redirect=redirect,
        )
        for name in found.looped if _is_variable(use.path) else ():
            yield Part(
                kind=use.kind,
                text=plain(name),
                needs_rule=False,
                segment=_segment(name, elsewhere=elsewhere),
                folders=folders,
            )
    for written in _runs_what_it_writes(found):
        yield Part(kind="doubt", text=f"runs what it has just written: {written}")
    for statements in found.sql:
        yield from _sql(statements)
    for doubt in found.doubts:
        yield Part(kind="doubt", text=f"{doubt.reason}: {doubt.part}", script=doubt.script)
    if not found.commands and not found.doubts and not found.assigns:
        yield Part(kind="doubt", text="nothing that could be judged")


def _is_variable(path: str) -> bool:
    return path.rsplit("/", 1)[-1].rstrip(SPLIT) == UNKNOWN + VARIABLE


def _runs_what_it_writes(found: shell.Found) -> Iterator[str]:
    """`cp /bin/rm ls; ./ls x`: what a written file does is not in its name."""
    names = {plain(use.path).rstrip("/").rsplit("/", 1)[-1] for use in found.files if use.kind == "write"}
    for item in found.commands if names else ():
        interpreted = item.words[1:3] if module_of(item.name) == "interpreters" else ()
        for word in (item.words[0], *interpreted):
            if plain(word).rsplit("/", 1)[-1] in names:
                yield item.text[:200]
                break


def _sql(statements: str) -> Iterator[Part]:
    from audit.permissions import sql_statements  # spared to calls without SQL, as every late import here

    try:
        labels = sql_statements.labels(statements)
    except sql_statements.CannotBeRead as error:
        labels = error.labels
        yield Part(kind="doubt", text=error.reason)
    for label in labels:
        yield Part(kind="sql", text=label, needs_rule=False)
        if sql_statements.runs_code(label):
            yield Part(kind="doubt", text=f"SQL that runs code: {label}")


def _folders(changes: list[str], call: Call) -> tuple[tuple[str, ...], bool]:
    """Where a command may be after any of the changes of folder, one after another; and whether it may be elsewhere."""
    found = [call.cwd]
    for path in dict.fromkeys(changes):
        if UNKNOWN in path or GLOB in path or len(found) > MAX_FOLDERS:
            return tuple(found), True
        found += [absolute(plain(path), folder=folder, home=call.home) for folder in found]
        found = list(dict.fromkeys(found))
    return tuple(found), False


def _resolved(path: str, call: Call, folders: Sequence[str]) -> tuple[str, ...]:
    """Where the path leads, from each folder the command may be in, and through links."""
    found = [absolute(path, folder=folder, home=call.home) for folder in dict.fromkeys(folders)]
    if call.local:
        found += [os.path.realpath(item) for item in found]
    return tuple(dict.fromkeys(found))


def _known_folder(path: str, call: Call, folders: Sequence[str]) -> tuple[str, ...]:
    """Below which folders a path of globs lies: a value that is not known may lead up again, and so may `.*`."""
    first, *_ = path.split(GLOB)
    if UNKNOWN in path or GLOB not in path or "/" not in first or f"/.{GLOB}" in path or "/.." in path:
        return ()
    return _resolved(plain(first.rpartition("/")[0]) or "/", call, folders)


def _segment(path: str, *, elsewhere: bool) -> str:
    """A glob of the last segment when the path is not wholly known."""
    if UNKNOWN in path or GLOB in path or elsewhere:
        last = plain(re.sub(_GLOBS, "*", path)).replace(UNKNOWN, "*").rsplit("/", 1)[-1]
        return re.sub(r"\*+", "*", last) or "*"
    return ""
