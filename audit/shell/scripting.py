"""Tools with a small language of their own: awk, sed, editors, make."""

import re
from collections.abc import Callable

from audit.shell import files
from audit.shell.options import Options, option_values, scan
from audit.shell.run import Run
from audit.shell.words import UNKNOWN, plain


def awk(run: Run) -> None:
    """An awk program may run commands by system() and pipes."""
    found = scan(run.words, Options.of("F v f e i l assign field-separator file source include load"))
    programs = found.values("e", "source")
    if not programs and not found.values("f", "file"):
        programs = run.words[found.end : found.end + 1]
    for program in programs:
        bare = re.sub(r"/(?:[^/\\\n]|\\.)+/", "", program)
        if UNKNOWN in program or re.search(r"system\s*\(|(?<!\|)\|(?!\|)|@\s*\w", bare):
            run.doubt("an awk program that may run commands")
        if re.search(r"getline|print[^;}\n]*>|\bARG[VC]\b", bare):
            run.doubt("an awk program that may read or write other files")
    for path in found.values("f", "file", "i", "include", "l", "load"):
        run.doubt("an awk program in a file", script=plain(path))
    files.note(run)


def stream_editor(run: Run) -> None:
    """A sed script may run commands by `e` and write files by `w`."""
    options = Options.of(
        "e expression f file l line-length",
        "n i E r s z u b quiet silent in-place regexp-extended posix debug separate null-data unbuffered sandbox",
    )
    words = ["-i" if word.startswith("-i") and word != "-i" else word for word in run.words]  # -i takes a suffix
    found = scan(words, options)
    scripts = found.values("e", "expression")
    if not scripts and not found.values("f", "file"):
        scripts = run.words[found.end : found.end + 1]
    if found.values("f", "file"):
        run.doubt("a sed script in a file")
    if UNKNOWN in "".join(scripts):
        run.doubt("part of the sed script is computed")
    from audit.shell import sed  # spared to every command without it

    effects = sed.effects(plain("\n".join(scripts)).replace(UNKNOWN, "x"))
    if effects.runs:
        run.doubt("a sed script that may run commands")
    for path in effects.writes:
        run.finder.write(path, "redirect")
    for path in effects.reads:
        run.finder.read(path)
    files.note(run)


def editor(run: Run) -> None:
    """Editors with a script in their arguments or their input."""
    scripted = any(
        word.startswith(("-c", "+", "--cmd", "-S", "-s", "-es", "-u", "-U", "-f", "-l"))
        or re.match(r"--?(?:eval|exec|load|script|funcall)", word)
        for word in run.words[1:]
    )
    if scripted or run.name in ("ed", "ex") or run.given is not None:
        run.doubt("an editor that runs a script")
    files.note(run)


def _opaque(reason: str) -> Callable[[Run], None]:
    def handle(run: Run) -> None:
        run.doubt(reason)

    return handle


def crontab(run: Run) -> None:
    """Everything but listing sets commands for later."""
    if "-l" not in run.words:
        run.doubt("sets commands that run later")


_OF_A_SHELL = re.compile(r"[$`;|&<>\n]")


def make(run: Run) -> None:
    """Recipes are judged by the name of make; code in its arguments is in doubt."""
    for word in run.words[1:]:
        name, equals, value = word.partition("=")
        if word.startswith(("SHELL=", ".SHELLFLAGS", "--eval", "-E", "MAKEFLAGS=")) or name.endswith("!"):
            run.doubt("make with code in its arguments")
        elif equals and _OF_A_SHELL.search(value):  # recipes hand it to one
            run.doubt("make with a variable that may run a command")
    for path in option_values(run.words, ("-f", "--file", "--makefile")):
        if path.startswith(("-", "/dev/")):
            run.doubt("make runs what it reads from its input")
    files.note(run)


def pager(run: Run) -> None:
    """less and more take commands of their own behind a plus."""
    if any(word.startswith("+") for word in run.words[1:]):
        run.doubt(f"{run.name} with commands in its arguments")
    files.note(run)


def calculator(run: Run) -> None:
    """dc runs what stands behind an exclamation mark."""
    if "!" in run.text or (run.given and "!" in (run.given.text or "!")):
        run.doubt("dc that may run commands")
    files.note(run)


def relay(run: Run) -> None:
    """socat's EXEC: and SYSTEM:."""
    if re.search(r"(?i)\b(?:exec|system|shell)\b", run.text):
        run.doubt("socat that runs a program")
    files.note(run)


def apply_patch(run: Run) -> None:
    """The files that a patch in an agent's own form names."""
    content = "\n".join([*run.words[1:], (run.given and run.given.text) or ""])
    paths = re.findall(r"(?m)^\*\*\* (?:(?:Add|Update|Delete) File|Move to): (.+)$", content)
    if not paths:
        run.doubt("a patch that cannot be read")
    for path in paths:
        run.finder.write(path.strip())


HANDLERS: dict[str, Callable[[Run], None]] = {
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk"), awk),
    **dict.fromkeys(("sed", "gsed"), stream_editor),
    **dict.fromkeys(("vi", "vim", "nvim", "view", "ex", "ed", "emacs", "vimdiff"), editor),
    "crontab": crontab,
    **dict.fromkeys(("make", "gmake"), make),
    **dict.fromkeys(("less", "more"), pager),
    **dict.fromkeys(("apply_patch", "applypatch"), apply_patch),
    "dc": calculator,
    "socat": relay,
    **dict.fromkeys(("at", "batch"), _opaque("sets commands that run later")),
}
