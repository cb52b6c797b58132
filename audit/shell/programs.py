"""Which programs run other commands, and by whom they are understood."""

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from audit.shell import files
from audit.shell.environment import is_risky
from audit.shell.known import KNOWN, SHELLS, SYSTEM_FOLDERS
from audit.shell.options import Options, scan
from audit.shell.run import Run
from audit.shell.words import UNKNOWN, plain

Handler = Callable[[Run], None]


class Wrapper:
    """A program whose arguments are a command: options, some operands, the command."""

    def __init__(self, options: Options, *, operands: int, transparent: bool, assignments: bool) -> None:
        self.options = options
        self.operands = operands
        self.transparent = transparent
        self.assignments = assignments
        """NAME=value may stand before the command."""

    def __call__(self, run: Run) -> None:
        found = scan(run.words, self.options)
        if found.unknown:
            run.doubt(f"an option of {run.name} that is not known: {' '.join(found.unknown)}")
        rest = run.words[found.end :]
        while self.assignments and rest and "=" in rest[0] and not rest[0].startswith("="):
            name, _, value = rest.pop(0).partition("=")
            if is_risky(name, value) or "$(" in value or "`" in value:
                run.doubt(f"sets {name}, which may decide what other commands run")
        rest = rest[self.operands :]
        if rest and rest[0] == "--":
            rest = rest[1:]
        if rest:
            run.command(rest)
        elif run.name in _START_A_SHELL or {"s", "i", "shell", "login"} & set(found.given):
            run.doubt("a shell that reads its commands from its input")


_START_A_SHELL = {"chroot", "unshare", "nsenter", "fakeroot"}


def _wrapper(
    values: str = "", flags: str = "", *, operands: int = 0, transparent: bool = False, assignments: bool = False
) -> Wrapper:
    options = Options.of(values, flags)
    return Wrapper(options, operands=operands, transparent=transparent, assignments=assignments)


_SUDO = _wrapper(
    "u g h p C r t T U D R user group host prompt close-from chroot role type command-timeout other-user chdir",
    "A b B E e H i K k l n N P S s V v askpass background bell preserve-env edit set-home login remove-timestamp"
    " reset-timestamp list non-interactive preserve-groups stdin shell version validate",
    assignments=True,
)
_TRACERS = "e o p s u E P a b I O S X trace output attach string-limit user env"
_WRAPPERS: dict[str, Wrapper] = {
    "sudo": _SUDO,
    "doas": _wrapper("C u a", "n s L"),
    "pkexec": _wrapper("user", "disable-internal-agent keep-cwd"),
    "timeout": _wrapper(
        "k kill-after s signal", "foreground preserve-status v verbose f p", operands=1, transparent=True
    ),
    "nice": _wrapper("n adjustment", transparent=True),
    "ionice": _wrapper("c class n classdata", "t ignore", transparent=True),
    "nohup": _wrapper(transparent=True),
    "stdbuf": _wrapper("i o e input output error", transparent=True),
    "time": _wrapper(
        "f format o output", "p a v q append portability verbose quiet", transparent=True, assignments=True
    ),
    "builtin": _wrapper(transparent=True),
    "exec": _wrapper("a", "c l", transparent=True),
    "noglob": _wrapper(transparent=True),
    "nocorrect": _wrapper(transparent=True),
    "setsid": _wrapper("", "c ctty f fork w wait"),
    "chroot": _wrapper("userspec groups", "skip-chdir", operands=1),
    "chrt": _wrapper(
        "T P D sched-runtime sched-period sched-deadline",
        "a b d f i m o r R v batch deadline fifo idle other rr all-tasks reset-on-fork verbose",
        operands=1,
    ),
    "taskset": _wrapper("", "a p c all-tasks pid cpu-list", operands=1),
    "unshare": _wrapper(
        "R w S G root wd setuid setgid",
        "m u i n p U C T f r c mount uts ipc net pid user cgroup time fork map-root-user map-current-user keep-caps",
    ),
    "nsenter": _wrapper("t S G target setuid setgid", "a F m u i n p U C T all no-fork"),
    "setpriv": _wrapper(
        "reuid regid groups inh-caps ambient-caps bounding-set securebits", "no-new-privs clear-groups"
    ),
    "prlimit": _wrapper("p o pid output", "noheadings raw verbose"),
    "systemd-run": _wrapper(
        "u p E M H d unit property description slice uid gid nice working-directory setenv service-type",
        "t G P q r S user system scope pty pipe wait collect quiet no-block remain-after-exit shell same-dir",
    ),
    "systemd-inhibit": _wrapper("what who why mode"),
    "firejail": _wrapper("", "quiet noprofile net"),
    "fakeroot": _wrapper("l s i b lib save load faked", "u unknown-is-real"),
    "xvfb-run": _wrapper("e f n p s w server-num error-file auth-file server-args wait", "a l auto-servernum"),
    "dbus-run-session": _wrapper("config-file dbus-daemon"),
    "strace": _wrapper(_TRACERS, "f F c C d i k n q r t T v V w x y z Z follow-forks summary-only"),
    "ltrace": _wrapper(_TRACERS + " l n x w", "f c C d i r t T S L"),
    "valgrind": _wrapper("", "v q trace-children leak-check"),
    "caffeinate": _wrapper("t w", "d i m s u"),
    "unbuffer": _wrapper("", "p"),
    "rlwrap": _wrapper("f H s C b D g l M p q S t w z", "a A c e i I m n N o O P r R u U v W X"),
    "torsocks": _wrapper("a u p", "i d q"),
    "torify": _wrapper("", "v"),
    "proxychains": _wrapper("f", "q"),
    "proxychains4": _wrapper("f", "q"),
    "setarch": _wrapper("", "B F I L R S T X Z v addr-no-randomize", operands=1),
    "linux32": _wrapper("", "R"),
    "linux64": _wrapper("", "R"),
    "gosu": _wrapper(operands=1),
    "su-exec": _wrapper(operands=1),
    "setuidgid": _wrapper(operands=1),
    "envdir": _wrapper(operands=1),
    "dumb-init": _wrapper("r rewrite", "c v single-child verbose"),
    "tini": _wrapper("p e", "g s v w"),
    "busybox": _wrapper("", "list"),
    "toybox": _wrapper(),
    "faketime": _wrapper("f p", "m exclude-monotonic", operands=1),
    "npx": _wrapper("p package", "y yes no q quiet ignore-existing"),
    "bunx": _wrapper("", "bun"),
    "uvx": _wrapper("p python from with index-url", "isolated"),
    "pipx": _wrapper("spec python", operands=1),
    "winpty": _wrapper(),
    "entr": _wrapper("", "a c d n p r s z"),
    "chronic": _wrapper("", "v e"),
    "ts": _wrapper("", "r i s m"),
}
_LOADER = _wrapper("library-path preload audit argv0", "list verify")
_WRAPPERS["gtimeout"] = _WRAPPERS["timeout"]
_WRAPPERS["gnice"] = _WRAPPERS["nice"]

_RUN_UV = Options.of(
    "p python with extra package directory project env-file group", "q v isolated no-sync frozen all-extras"
)
_SUBCOMMANDS: dict[tuple[str, ...], Options] = {
    ("uv", "run"): _RUN_UV,
    ("uv", "tool", "run"): _RUN_UV,
    ("poetry", "run"): Options.of("C directory P project", "q v n no-ansi"),
    ("pipenv", "run"): Options.of(),
    ("pdm", "run"): Options.of("p project", "s site-packages"),
    ("hatch", "run"): Options.of("e env"),
    ("rye", "run"): Options.of("p pyproject", "l list"),
    ("conda", "run"): Options.of("n p name prefix cwd", "v no-capture-output live-stream"),
    ("mamba", "run"): Options.of("n p name prefix cwd", "v no-capture-output live-stream"),
    ("pnpm", "exec"): Options.of("filter C dir", "r recursive parallel"),
    ("pnpm", "dlx"): Options.of("package", "silent"),
    ("yarn", "exec"): Options.of(),
    ("yarn", "dlx"): Options.of("p package", "q quiet"),
    ("npm", "exec"): Options.of("p package c call", "y yes no"),
    ("npm", "x"): Options.of("p package c call", "y yes no"),
    ("bundle", "exec"): Options.of("gemfile", "keep-file-descriptors"),
    ("mise", "exec"): Options.of("C cd j jobs env", "y yes"),
    ("mise", "x"): Options.of("C cd j jobs env", "y yes"),
    ("rbenv", "exec"): Options.of(),
    ("pyenv", "exec"): Options.of(),
    ("asdf", "exec"): Options.of(),
    ("direnv", "exec"): Options.of(),
    ("devbox", "run"): Options.of("c config e env"),
    ("op", "run"): Options.of("env-file", "no-masking"),
    ("doppler", "run"): Options.of("p c project config"),
    ("dotenv", "run"): Options.of("f file"),
    ("go", "tool"): Options.of(),
}
_WITH_SUBCOMMANDS = {key[0] for key in _SUBCOMMANDS}

# Whose HANDLERS understand a program; a module is imported with the first command it is for, since a hook waits for
# every import.
_MODULES = {
    "interpreters": """
        . R Rscript [ alias ash bash bind bun cmd complete csh dash declare deno elixir enable erl eval expect export
        fish gdb ghc groovy guile hash irb julia ksh let lksh lldb local lua luajit mapfile mksh node bpython
        django-admin flask ipython manage.py nodejs nu osascript perl php powershell printf ptpython pwsh rails rbash
        read readarray readonly ruby scala sh source tclsh tcsh test trap ts-node tsx typeset unset wish yash zsh
        xonsh
    """,
    "databases": """
        bq clickhouse clickhouse-client cockroach duckdb mariadb mycli mysql pgcli psql snowsql sqlcmd sqlite
        sqlite3 usql
    """,
    "scripting": """
        apply_patch applypatch at awk batch crontab dc ed emacs ex gawk gmake gsed less make mawk more nawk nvim
        original-awk sed socat vi view vim vimdiff
    """,
    "runners": """
        abduco apt apt-get aws-vault bsdtar bwrap chamber command coproc cpio direnv dotenv dpkg dtach env fd fdfind
        find flock fzf genv gfind gtar gxargs hyperfine ip man nodemon parallel rg rsync runuser scp screen script
        sftp sg sort ssh su tar tmux watch watchexec watchman-make wget with-contenv xargs zellij zip
    """,
    "containers": """
        docker docker-compose kubectl nerdctl oc podman
    """,
    "versioning": """
        git git-
    """,
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}
_TRANSPARENT = {"eval", "xargs", "env", "command", "trap", "coproc", *SHELLS}
_BUILTINS = """
    : true false [ test cd pushd popd dirs exit return break continue shift wait jobs bg fg disown set shopt unset
    local declare typeset export readonly let getopts times umask ulimit hash alias unalias
"""
NEUTRAL = frozenset(_BUILTINS.split())
"""They change only the shell itself, so no rule need allow them."""


class Known(NamedTuple):
    """What is known of a program."""

    handle: Handler
    transparent: bool = False
    """It only runs commands that are found inside, or changes only the shell itself: no rule need allow it."""


def handler(words: list[str]) -> Known:
    """Who understands a program's arguments."""
    name = plain(words[0]).rsplit("/", 1)[-1].removesuffix(".exe")
    folder = plain(words[0]).rpartition("/")[0]
    # Of a program called by its path only the name is known, but for shells where systems have them: Codex's form.
    by_name = not folder or (name in SHELLS and folder in SYSTEM_FOLDERS)
    if wrapper := _WRAPPERS.get(name):
        return Known(wrapper, wrapper.transparent and by_name)
    if name.startswith("ld-") and ".so" in name:
        return Known(_LOADER)
    if name in _WITH_SUBCOMMANDS and (found := _subcommand(name, words)):
        return Known(_after_subcommand(*found))
    transparent = (name in _TRANSPARENT or name in NEUTRAL) and by_name
    module = module_of(name)
    if not module:
        return Known(ordinary, transparent)
    handlers = import_module(f"audit.shell.{module}").HANDLERS
    family = "git-" if name.startswith("git-") else "python"
    return Known(handlers[name if name in handlers else family], transparent)


def module_of(name: str) -> str:
    """The module whose HANDLERS understand a program; empty if none does."""
    if name.startswith(("python", "pypy")):
        return "interpreters"
    return _MODULE_OF.get(name) or ("versioning" if name.startswith("git-") else "")


def _subcommand(name: str, words: list[str]) -> tuple[Options, int] | None:
    """What is known of a subcommand that runs others, and where its arguments begin; options may stand before it."""
    start = 1
    while start < len(words) and (words[start].startswith("-") or words[start - 1].startswith("-")):
        if (name, words[start]) in _SUBCOMMANDS:
            break
        start += 1
    for depth in (start + 1, start + 2):
        if options := _SUBCOMMANDS.get((name, *words[start:depth])):
            return options, depth
    return None


def _after_subcommand(options: Options, depth: int) -> Handler:
    def handle(run: Run) -> None:
        found = scan(run.words, options, depth)
        if found.unknown:
            run.doubt(f"an option of {run.name} that is not known: {' '.join(found.unknown)}")
        for code in found.values("c", "call"):
            if run.name == "npm":
                run.code(code)
        rest = run.words[found.end :]
        if rest[:1] == ["-"]:
            run.doubt("runs what it reads from its input")
        elif rest:
            rest[0] = rest[0].partition(":")[2] or rest[0] if run.name == "hatch" else rest[0]  # environment:command
            run.command(rest[rest.index("--") + 1 :] if run.name in ("mise", "rtx") and "--" in rest else rest)

    return handle


def ordinary(run: Run) -> None:
    """A program that runs nothing else: only the files it names, or a script called by its path."""
    path = plain(run.words[0])
    if "/" in path and path.endswith((".sh", ".bash", ".zsh", ".ksh", ".command")) and UNKNOWN not in path:
        run.doubt("runs a script whose content is not looked at", script=path)
    elif run.name not in KNOWN and any(word in SHELLS for word in run.words[1:]) and run.given:
        run.doubt(f"{run.name} may hand its input to a shell")
    files.note(run)
