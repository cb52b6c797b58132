"""Programs that run code: shells, scripting languages, editors, clients of databases."""

import re
from collections.abc import Callable

from audit.shell import files, sed
from audit.shell.finder import Run
from audit.shell.options import Options, scan
from audit.shell.words import UNKNOWN, is_computed, plain

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash", "lksh", "yash", "fish", "csh", "tcsh")
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
INLINE = (*_INLINE_FLAGS, "deno", "erl", "tclsh", "wish", "irb", "pwsh", "powershell", "cmd", "expect", "gdb", "lldb")
_PYTHON = Options.of("W X check-hash-based-pycs", "B b d E h i I O P q R s S u v V x version help")
_RUNS_ANYTHING = {"timeit", "pdb", "cProfile", "profile", "trace", "runpy", "code", "doctest"}

SQL_CLIENTS: dict[str, tuple[str, ...]] = {
    "psql": ("c", "command"),
    "pgcli": ("c", "command"),
    "mysql": ("e", "execute"),
    "mariadb": ("e", "execute"),
    "mycli": ("e", "execute"),
    "sqlcmd": ("Q", "q"),
    "duckdb": ("c", "s"),
    "clickhouse-client": ("q", "query"),
    "clickhouse": ("q", "query"),
    "cockroach": ("e", "execute"),
    "bq": (),
    "snowsql": ("q", "query"),
    "sqlite3": ("cmd",),
    "sqlite": ("cmd",),
    "usql": ("c", "command"),
}
_SQL_OPTIONS: dict[str, Options] = {
    "psql": Options.of(
        "c command d dbname f file h host p port U username v set variable o output L log-file F R P T pset"
        " field-separator record-separator table-attr",
        "a A b e E H l n q s S t V w W x X z 0 1 expanded csv html no-align no-readline quiet echo-all echo-errors"
        " echo-queries echo-hidden list no-psqlrc single-line single-step single-transaction tuples-only version"
        " no-password password help",
    ),
    "mysql": Options.of(
        "e execute h host P port u user D database S socket default-character-set ssl-ca ssl-cert ssl-key ssl-mode"
        " delimiter init-command protocol defaults-file defaults-extra-file pager tee",
        "p password A B b C E f H i N n q r s t T U v V w X batch raw silent table vertical xml force compress verbose",
    ),
    "sqlite3": Options.of(
        "cmd init separator newline nullvalue mmap",
        "A append ascii bail batch box column csv echo header noheader help html interactive json line list markdown"
        " memtrace nofollow quote readonly safe stats table tabs version deserialize",
    ),
}
_SQL_OPTIONS["mariadb"] = _SQL_OPTIONS["mysql"]
_SQL_OPTIONS["sqlite"] = _SQL_OPTIONS["sqlite3"]


def shell(run: Run) -> None:
    """`sh -c code`, a script, or commands from its input."""
    if run.name in _NOT_BASH:
        run.doubt(f"{run.name} reads another language than bash")
    is_code, is_input, index = False, False, 1
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
            run.doubt("runs a start-up file", script=plain(run.words[index]) if index < len(run.words) else "")
            index += 1
        elif not word.startswith("--"):
            is_code = is_code or ("c" in word and word[0] == "-")
            is_input = is_input or ("s" in word and word[0] == "-")
            index += word.count("o") + word.count("O")  # each takes the name of a setting
    rest = run.words[index:]
    if is_code:
        if rest:
            run.code(rest[0], f"{run.name} -c")
    elif rest and rest[0] != "-" and not is_input:
        _script(run, rest[0])
    else:
        _input_as_code(run)


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
        if "=" in word:
            run.code(word.partition("=")[2])


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
        words = [after for word, after in zip(words, words[1:], strict=False) if word == "-v"]
    for word in words:
        name, equals, value = word.partition("=")
        if is_risky(name, value if equals else UNKNOWN) and (equals or run.name in ("read", "printf")):
            run.doubt(f"sets {name}, which decides what other commands run")


def inline(run: Run) -> None:
    """Languages: a module or a file is judged by its name, code in the arguments or the input is in doubt."""
    name = run.name.removesuffix(".exe")
    if name.startswith(("python", "pypy")):
        _python(run)
        return
    letters = _INLINE_FLAGS.get(name, "").split()
    if name in ("pwsh", "powershell", "cmd", "expect", "gdb", "lldb", "tclsh", "wish", "erl", "irb"):
        if len(run.words) > 1 and run.words[1] in ("--version", "--help", "-v", "-h"):
            return
        run.doubt(f"{name} runs code that is not looked at")
        return
    if name == "deno":
        if run.words[1:2] in (["eval"], ["repl"]):
            run.doubt("runs code given in its arguments")
        return
    for word in run.words[1:]:
        if word in ("--eval", "--print", "--run") or word.startswith(("--eval=", "--print=")):
            run.doubt("runs code given in its arguments")
        elif word.startswith("-") and not word.startswith("--") and any(letter in word[1:] for letter in letters):
            run.doubt("runs code given in its arguments")
            break
        elif not word.startswith("-"):
            files.note(run)
            return
    _without_script(run)


def _python(run: Run) -> None:
    for index, word in enumerate(run.words[1:], start=1):
        if word.startswith("-") and not word.startswith("--") and len(word) > 1:
            letters = word[1:]
            stop = min((letters.find(letter) for letter in "cm" if letter in letters), default=-1)
            if stop >= 0 and not set(letters[:stop]) & set("WX"):
                _code_or_module(run, letters[stop], letters[stop + 1 :] or "".join(run.words[index + 1 : index + 2]))
                return
    found = scan(run.words, _PYTHON)
    rest = run.words[found.end :]
    if not rest or rest[0] == "-":
        _without_script(run)
    elif rest[0].startswith("/dev/") or is_computed(rest[0]):
        run.doubt("runs a script whose name is computed")


def _code_or_module(run: Run, letter: str, value: str) -> None:
    if letter == "c":
        run.doubt("runs code given in its arguments")
    elif value in _RUNS_ANYTHING or is_computed(value):
        run.doubt(f"runs code through the module {plain(value)}")


def _without_script(run: Run) -> None:
    asks = {"--version", "-V", "-v", "--help", "-h"}
    if run.given is not None:
        run.doubt(f"runs what {run.given.name} brings")
    elif not any(word in asks for word in run.words[1:]):
        run.doubt("runs what it reads from its input")


def awk(run: Run) -> None:
    """An awk program may run commands by system() and pipes."""
    found = scan(run.words, Options.of("F v f e i l assign field-separator file source include load"))
    programs = found.values("e", "source")
    if not programs and not found.values("f", "file"):
        programs = run.words[found.end : found.end + 1]
    for program in programs:
        bare = re.sub(r"/(?:[^/\\\n]|\\.)+/", "", program)
        if UNKNOWN in program or re.search(r"system\s*\(|(?<!\|)\|(?!\|)|@\s*(?:load|include)", bare):
            run.doubt("an awk program that may run commands")
        if re.search(r"getline|print[^;}\n]*>", bare):
            run.doubt("an awk program that may read or write other files")
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
    effects = sed.effects(plain("\n".join(scripts)).replace(UNKNOWN, "x"))
    if effects.runs:
        run.doubt("a sed script that may run commands")
    for path in effects.writes:
        run.finder.write(path)
    for path in effects.reads:
        run.finder.read(path)
    files.note(run)


def editor(run: Run) -> None:
    """Editors with a script in their arguments or their input."""
    scripted = any(
        word.startswith(("-c", "+", "--cmd", "-S", "-s", "-es", "--eval", "-f", "-l")) for word in run.words[1:]
    )
    if scripted or run.name in ("ed", "ex") or run.given is not None:
        run.doubt("an editor that runs a script")
    files.note(run)


def sql_client(run: Run) -> None:
    """SQL in the arguments or the input; a file of SQL is in doubt."""
    names = SQL_CLIENTS[run.name]
    words = run.words
    if run.name in ("mysql", "mariadb"):  # -p holds the password itself, or nothing
        words = [word for word in words if not word.startswith("-p")]
    found = scan(words, _SQL_OPTIONS.get(run.name, Options.of(" ".join(names), "")))
    statements = found.values(*names)
    operands = words[found.end :]
    for path in found.values("f", "file", "init", "init-command"):
        run.doubt("runs SQL from a file that is not looked at", script=plain(path))
    if run.name in ("sqlite3", "sqlite", "duckdb"):
        statements += operands[1:]
    elif run.name in ("bq", "cockroach", "snowsql", "usql") and not statements:
        run.doubt("SQL that cannot be told from its arguments")
    if not statements and not {"version", "V", "list", "l", "help"} & set(found.given):
        _sql_input(run)
    for text in statements:
        _sql_text(run, text)


def _sql_input(run: Run) -> None:
    if run.given is not None and run.given.text is not None:
        _sql_text(run, run.given.text)
    elif run.given is not None:
        run.doubt(f"runs the SQL that {run.given.name} brings")
    else:
        run.doubt("runs the SQL it reads from its input")


def _sql_text(run: Run, text: str) -> None:
    """SQL, with the clients' own commands between its lines."""
    kept = []
    for line in text.split("\n"):
        stripped = line.strip()
        if re.match(r"\\!|\.(?:shell|system)\b|(?:system|source)\s", stripped):
            run.code(re.sub(r"^(?:\\!|\.?\w+)\s*", "", stripped))
        elif stripped.startswith("\\") and re.search(r"\\(?:copy|g|i|ir|o|w|gexec|e|ef|ev|setenv)\b|[|`]", stripped):
            run.doubt("a command of the client that may run or write something")
        elif not (stripped.startswith("\\") or (stripped.startswith(".") and run.name.startswith("sqlite"))):
            kept.append(line)
        elif re.match(r"\.(?:import|output|once|read|load|open|save|backup|restore|clone|excel|edit|log)\b", stripped):
            run.doubt("a command of the client that may run or write something")
    if "\n".join(kept).strip():
        run.finder.sql("\n".join(kept), run.text)


def _opaque(reason: str) -> Callable[[Run], None]:
    def handle(run: Run) -> None:
        run.doubt(reason)

    return handle


def crontab(run: Run) -> None:
    """Everything but listing sets commands for later."""
    if "-l" not in run.words:
        run.doubt("sets commands that run later")


def make(run: Run) -> None:
    """Recipes are judged by the name of make; code in its arguments is in doubt."""
    for word, after in zip(run.words[1:], [*run.words[2:], ""], strict=False):
        if word.startswith(("SHELL=", "--eval", "-E", "MAKEFLAGS=")) or (word in ("-f", "--file") and after == "-"):
            run.doubt("make with code in its arguments")
    files.note(run)


HANDLERS: dict[str, Callable[[Run], None]] = {
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
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), awk),
    **dict.fromkeys(("sed", "gsed"), stream_editor),
    **dict.fromkeys(("vi", "vim", "nvim", "view", "ex", "ed", "emacs", "vimdiff"), editor),
    "crontab": crontab,
    **dict.fromkeys(("make", "gmake"), make),
    **dict.fromkeys(("at", "batch"), _opaque("sets commands that run later")),
    "xonsh": _opaque("xonsh reads another language than bash"),
}
