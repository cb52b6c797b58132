"""Programs that run code: shells, scripting languages, editors, clients of databases."""

import re
from collections.abc import Callable
from itertools import pairwise

from audit.shell import files
from audit.shell.known import SHELLS, TOLD
from audit.shell.options import Options, scan
from audit.shell.run import Run
from audit.shell.words import UNKNOWN, is_computed, plain

_NOT_BASH = {"fish", "csh", "tcsh"}

_INLINE_FLAGS: dict[str, str] = {
    "perl": "e E",
    "ruby": "e",
    "node": "e p",
    "nodejs": "e p",
    "bun": "e p",
    "php": "r B R E",
    "lua": "e",
    "luajit": "e",
    "Rscript": "e",
    "R": "e",
    "julia": "e E",
    "osascript": "e",
    "groovy": "e",
    "scala": "e",
    "elixir": "e",
    "ghc": "e",
    "guile": "c",
    "xonsh": "c",
    "nu": "c",
    "ts-node": "e p",
    "tsx": "e p",
}
_TAKE_VALUES = frozenset(
    ("-r", "-I", "-C", "--require", "--import", "--loader", "--conditions", "--experimental-loader")
)
INLINE = (*_INLINE_FLAGS, "deno", "erl", "tclsh", "wish", "irb", "pwsh", "powershell", "cmd", "expect", "gdb", "lldb")
_PYTHON = Options.of("W X check-hash-based-pycs", "B b d E h i I O P q R s S u v V x version help")
_LIKE_PYTHON = ("ipython", "bpython", "ptpython")
_CONSOLES = {"shell", "shell_plus", "dbshell", "console", "dbconsole", "runner"}
"""Subcommands of frameworks that run code from their arguments or input."""
_RUNS_ANYTHING = {"timeit", "pdb", "cProfile", "profile", "trace", "runpy", "code", "doctest"}


def shell(run: Run) -> None:
    """`sh -c code`, a script, or commands from its input."""
    if run.name in _NOT_BASH:
        run.doubt(f"{run.name} reads another language than bash")
    letters, rest = _shell_options(run)
    if "c" in letters:
        for code in rest[:1]:
            run.code(code, f"{run.name} -c")
    elif rest and rest[0] != "-" and "s" not in letters:
        _script(run, rest[0])
    else:
        _input_as_code(run)


def _shell_options(run: Run) -> tuple[str, list[str]]:
    """The letters of a shell's options, and what stands behind them."""
    letters, index = "", 1
    while index < len(run.words):
        word = run.words[index]
        if len(word) < 2 or word[0] not in "-+":
            break
        index += 1
        if word == "--":
            break
        if UNKNOWN in word:
            run.doubt("an option of the shell is computed")
        if word in ("--rcfile", "--init-file"):
            run.doubt("runs a start-up file", script=plain("".join(run.words[index : index + 1])))
            index += 1
        elif not word.startswith("--"):
            letters += word[1:] if word[0] == "-" else ""
            index += word.count("o") + word.count("O")  # each takes the name of a setting
    return letters, run.words[index:]


def _input_as_code(run: Run) -> None:
    if run.given is None:
        run.doubt("runs what it reads from its input")
    elif run.given.text is None:
        run.doubt(f"runs what {run.given.name} brings")
    else:
        run.code(run.given.text)


def _script(run: Run, path: str) -> None:
    if is_computed(path) or path.startswith("/dev/"):
        run.doubt("runs a script whose name is computed")
    else:
        run.doubt("runs a script whose content is not looked at", script=plain(path))
        run.finder.read(path)


def source(run: Run) -> None:
    """`. script`."""
    rest = [word for word in run.words[1:] if word != "--"]
    if rest:
        _script(run, rest[0])


def evaluate(run: Run) -> None:
    """`eval words`."""
    run.code(" ".join(word for word in run.words[1:] if word != "--"))


def trap(run: Run) -> None:
    """`trap code SIGNAL`."""
    rest = [word for word in run.words[1:] if word != "--"]
    if len(rest) > 1 and rest[0] not in ("-", "-p", "-l", ""):
        run.code(rest[0])


def alias(run: Run) -> None:
    """`alias name=code`: judged when it is defined, for its uses are not seen."""
    for word in run.words[1:]:
        name, equals, code = word.partition("=")
        if not equals:
            continue
        run.code(code)
        if name in TOLD:
            run.doubt(f"makes another program of {name}, whose output is taken as known")


def mapfile(run: Run) -> None:
    """`mapfile -C code`."""
    for code in scan(run.words, Options.of("d n O s u C c", "t")).values("C"):
        run.code(code)


def remembers_code(run: Run) -> None:
    """Builtins that change what later words mean, or evaluate their text as arithmetic."""
    flags = "".join(word[1:] for word in run.words[1:] if word.startswith("-") and not word.startswith("--"))
    if run.name in ("hash", "enable", "bind", "complete") and set(flags) & set("pfxCF"):
        run.doubt(f"{run.name} changes what later commands run")
    if any("$(" in word or "`" in word for word in run.words[1:]):
        run.doubt(f"{run.name} may evaluate a substitution")
    declares = run.name in ("export", "declare", "typeset", "local", "readonly")
    _check_variables(run, [word for word in run.words[1:] if declares or run.name in ("read", "printf")])


def _check_variables(run: Run, words: list[str]) -> None:
    from audit.shell.environment import is_risky

    if run.name == "printf":
        words = [after for word, after in pairwise(words) if word == "-v"]
    for word in words:
        name, equals, value = word.partition("=")
        name = value if "-n" in run.words[1:2] and equals else name  # another name for a variable
        if is_risky(name, value if equals else UNKNOWN) and (equals or run.name in ("read", "printf")):
            run.doubt(f"sets {name}, which decides what other commands run")


def inline(run: Run) -> None:
    """Languages: a module or a file is judged by its name, code in the arguments or the input is in doubt."""
    name = run.name.removesuffix(".exe")
    if name.startswith(("python", "pypy", *_LIKE_PYTHON)):
        _python(run)
        return
    if any("data:" in word for word in run.words):
        run.doubt("runs code given in its arguments")
    letters = _INLINE_FLAGS.get(name, "").split()
    if name in ("pwsh", "powershell", "cmd", "expect", "gdb", "lldb", "tclsh", "wish", "erl", "irb"):
        if run.words[1:2] not in (["--version"], ["--help"], ["-v"], ["-h"]):
            run.doubt(f"{name} runs code that is not looked at")
        return
    if name == "deno" and run.words[1:2] not in (["eval"], ["repl"]):
        return
    _inline_code(run, letters)


def _inline_code(run: Run, letters: list[str]) -> None:
    for before, word in pairwise(run.words):
        if word in ("--eval", "--print", "--run", "eval", "repl") or word.startswith(("--eval=", "--print=")):
            run.doubt("runs code given in its arguments")
        elif word.startswith("-") and not word.startswith("--") and any(letter in word[1:] for letter in letters):
            if len(run.words) == 3 and word == "-e" and _only_says(run):
                return
            run.doubt("runs code given in its arguments")
            files.note(run)
            return
        elif not word.startswith("-") and before not in _TAKE_VALUES:
            files.note(run)
            return
    _without_script(run)


def _only_says(run: Run) -> bool:
    from audit.shell.saying import only_says

    return only_says(run.name, run.words[2])


def _python(run: Run) -> None:
    for index, word in enumerate(run.words[1:], start=1):
        if word.startswith("-") and not word.startswith("--") and len(word) > 1:
            letters = word[1:]
            stop = min((letters.find(letter) for letter in "cm" if letter in letters), default=-1)
            if stop >= 0 and not set(letters[:stop]) & set("WX"):
                _code_or_module(run, index, letters[stop], letters[stop + 1 :])
                return
    found = scan(run.words, _PYTHON)
    rest = run.words[found.end :]
    if not rest or rest[0] == "-":
        _without_script(run)
    elif rest[0].startswith("/dev/") or is_computed(rest[0]):
        run.doubt("runs a script whose name is computed")
    elif _CONSOLES & set(rest[1:2]):
        run.doubt("a console that runs code")


def framework(run: Run) -> None:
    """django-admin, flask, rails: their consoles run code."""
    if _CONSOLES & set(run.words[1:]):
        run.doubt("a console that runs code")
    files.note(run)


# No -i, which reads more from the input, and no -W, which may import a module.
_PYTHON_FLAGS = re.compile(r"-[bBEIOPqsSu]+")


def _code_or_module(run: Run, index: int, letter: str, attached: str) -> None:
    value = attached or "".join(run.words[index + 1 : index + 2])
    if letter == "c":
        from audit.shell.saying import only_computes

        flags = run.words[1:index]
        is_plain = run.words[index] == "-c" and all(map(_PYTHON_FLAGS.fullmatch, flags)) and UNKNOWN not in value
        if is_plain and only_computes(value, isolated=any("I" in word for word in flags)):
            return
        run.doubt("runs code given in its arguments")
    elif value in _RUNS_ANYTHING or is_computed(value):
        run.doubt(f"runs code through the module {plain(value)}")


def _without_script(run: Run) -> None:
    asks = {"--version", "-V", "-v", "--help", "-h"}
    if run.given is not None:
        run.doubt(f"runs what {run.given.name} brings")
    elif not any(word in asks for word in run.words[1:]):
        run.doubt("runs what it reads from its input")


HANDLERS: dict[str, Callable[[Run], None]] = {
    **dict.fromkeys(SHELLS, shell),
    **dict.fromkeys(("python", *_LIKE_PYTHON, *INLINE), inline),
    **dict.fromkeys(("django-admin", "flask", "manage.py", "rails"), framework),
    "source": source,
    ".": source,
    "eval": evaluate,
    "trap": trap,
    "alias": alias,
    "mapfile": mapfile,
    "readarray": mapfile,
    **dict.fromkeys(
        ("hash", "enable", "bind", "complete", "let", "test", "[", "unset", "printf", "read", "export", "declare"),
        remembers_code,
    ),
    **dict.fromkeys(("typeset", "local", "readonly"), remembers_code),
}
