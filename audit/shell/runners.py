"""Programs whose arguments hold commands in a way of their own: env, xargs, find, containers, remote shells."""

import re
import shlex
from collections.abc import Callable

from audit.shell import files
from audit.shell.environment import is_risky
from audit.shell.known import SHELLS
from audit.shell.names import ANY, found_paths, names_told
from audit.shell.options import Options, Scan, option_values, scan
from audit.shell.run import Run
from audit.shell.words import SPLIT, UNKNOWN, is_computed, plain

_ENV = Options.of(
    "u unset C chdir S split-string", "i 0 v ignore-environment null debug block-signal list-signal-handling"
)
_XARGS = Options.of(
    "a arg-file d delimiter E I L n max-args P max-procs s max-chars process-slot-var J R S",
    "0 null o open-tty p interactive r no-run-if-empty t verbose x exit show-limits max-lines replace eof",
)
_SSH = Options.of("B b c D E e F I i J L l m O o P p Q R S W w", "4 6 A a C f G g K k M N n q s T t V v X x Y y")
_SU = Options.of(
    "c command session-command s shell g group G supp-group w whitelist-environment P u user T",
    "l login m p preserve-environment f fast pty V h",
)


def env(run: Run) -> None:
    """`env [options] [NAME=value] command`."""
    found = scan(run.words, _ENV)
    if found.unknown:
        run.doubt(f"an option of env that is not known: {' '.join(found.unknown)}")
    rest = run.words[found.end :]
    for split in found.values("S", "split-string"):
        run.code(" ".join([split.replace(r"\_", " "), *rest]))
        return
    while rest and "=" in rest[0]:
        name, _, value = rest.pop(0).partition("=")
        if is_risky(name, value):
            run.doubt(f"sets {plain(name)}, which decides what other commands run")
    if rest:
        run.command(rest)


def command(run: Run) -> None:
    """`command name` runs it; `command -v name` only looks it up."""
    found = scan(run.words, Options.of("", "p v V"))
    if not {"v", "V"} & set(found.given) and run.words[found.end : found.end + 1]:
        run.command(run.words[found.end :])


def coproc(run: Run) -> None:
    """`coproc [NAME] command`."""
    rest = run.words[1:]
    if rest:
        run.command(rest)
        if len(rest) > 1 and plain(rest[0]).isidentifier():
            run.command(rest[1:])


def xargs(run: Run) -> None:
    """`xargs command`: with arguments that come from its input."""
    words = [word if not (word.startswith("-i") and len(word) > 1) else "-I{}" for word in run.words]
    found = scan(words, _XARGS)
    if found.unknown:
        run.doubt(f"an option of xargs that is not known: {' '.join(found.unknown)}")
    rest = run.words[found.end :]
    if not rest:
        return
    marks = found.values("I", "J", "replace")
    if (known := _known_arguments(run, found)) is not None:
        mark = (marks[0] or "{}") if marks else ""
        run.command([word.replace(mark, known) for word in rest] if mark else [*rest, *known.split()])
        return
    from_file = found.values("a", "arg-file")
    for name in ANY if from_file else names_told(run.given.words if run.given else ()):
        filled = rest
        for mark in marks:
            filled = [word.replace(mark or "{}", f"{UNKNOWN}/{name}") for word in filled]
        run.command(filled if marks else [*rest, f"{UNKNOWN}/{name}{SPLIT}"])


def _known_arguments(run: Run, found: Scan) -> str | None:
    """What is piped in, if xargs gives it on as it stands."""
    told = run.given.text if run.given else None
    by_default = not {"0", "null", "d", "delimiter", "E", "a", "arg-file", "J", "i"} & set(found.given)
    if plain(run.words[found.end]).rsplit("/", 1)[-1] in SHELLS:
        by_default = by_default and bool(found.values("I", "replace"))  # what it brings may be the code
    if told is None or not by_default or re.search(r"['\"\\\n]", told):
        return None
    return told if len(found.values("I", "replace")) < 2 else None


def find(run: Run) -> None:
    """`find ... -exec command ;`."""
    index, in_expression = 1, False
    while index < len(run.words):
        word = run.words[index]
        index += 1
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            inner: list[str] = []
            while index < len(run.words) and run.words[index] not in (";", "+"):
                inner.append(run.words[index])
                index += 1
            for path in found_paths(run.words):
                run.command([word.replace("{}", path) for word in inner], f"find {word}")
        elif word in ("-fprint", "-fprint0", "-fprintf", "-fls"):
            run.finder.write("".join(run.words[index : index + 1]), "redirect")
        elif SPLIT in word and in_expression:
            run.doubt("part of the expression of find is computed")
        in_expression = in_expression or word.startswith(("-", "(", "!"))


def fd(run: Run) -> None:
    """`fd pattern -x command`."""
    for index, word in enumerate(run.words):
        attached = ""
        if match := re.match(r"-[A-Za-z]*?[xX](.*)|--exec(?:-batch)?(?:=(.*))?$", word):
            attached = match[1] or match[2] or ""
            inner = [attached] * bool(attached) + run.words[index + 1 :]
            run.command([word.replace("{}", UNKNOWN) for word in inner], "fd -x")
            return


def ssh(run: Run) -> None:
    """`ssh host words`: the far shell reads the words as code."""
    found = scan(run.words, _SSH)
    later = scan(run.words, _SSH, found.end + 1)  # options may follow the host
    _ssh_settings(run, [*found.values("o"), *later.values("o")])
    if found.unknown or later.unknown or found.values("F", "I") or later.values("F", "I"):
        run.doubt("ssh with settings that are not looked at")
    rest = run.words[later.end :]
    if rest:
        run.code(" ".join(rest))
    elif run.given is not None:
        run.doubt(f"a far shell runs what {run.given.name} brings")


_SSH_CODE = ("proxycommand", "localcommand", "remotecommand", "knownhostscommand")
_SSH_PLAIN_NAMES = """
    addressfamily batchmode bindaddress checkhostip ciphers compression connectionattempts connecttimeout controlmaster
    controlpath controlpersist exitonforwardfailure forwardagent forwardx11 globalknownhostsfile hostkeyalgorithms
    hostkeyalias hostname identitiesonly identityfile kexalgorithms loglevel macs numberofpasswordprompts
    passwordauthentication port preferredauthentications proxyjump pubkeyauthentication requesttty serveralivecountmax
    serveraliveinterval stricthostkeychecking tcpkeepalive updatehostkeys user userknownhostsfile verifyhostkeydns
"""
_SSH_PLAIN = frozenset(_SSH_PLAIN_NAMES.split())


def _ssh_settings(run: Run, settings: list[str]) -> None:
    for setting in settings:
        name, _, value = (setting if "=" in setting.split(" ")[0] else setting.replace(" ", "=", 1)).partition("=")
        if name.lower() in _SSH_CODE:
            run.code(value.strip().strip('"'), f"ssh {name}")
        elif name.lower() not in _SSH_PLAIN:
            run.doubt(f"a setting of ssh that may run a program: {plain(name)}")


def far_copy(run: Run) -> None:
    """scp and sftp: ssh's settings, and a program in its place."""
    _ssh_settings(run, option_values(run.words, ("-o",)))
    if option_values(run.words, ("-F", "-b")):
        run.doubt(f"{run.name} with settings or commands that are not looked at")
    code_options("-S", "-D", "--program")(run)


def download(run: Run) -> None:
    """wget may ask a program for the password, and take settings as arguments."""
    if option_values(run.words, ("-e", "--execute", "--use-askpass")):
        run.doubt("wget with settings that may run a program")
    files.note(run)


def packages(run: Run) -> None:
    """Package managers that take settings, some of which are commands, as arguments."""
    if option_values(run.words, ("-o", "--option", "--pre-invoke", "--post-invoke")):
        run.doubt(f"{run.name} with settings that may run a program")


def watch(run: Run) -> None:
    """`watch words`: read as code by a shell, unless -x."""
    found = scan(
        run.words, Options.of("n interval q equexit s shotsdir", "b c d e g p r t w x h v exec differences color")
    )
    rest = run.words[found.end :]
    if rest and ({"x", "exec"} & set(found.given)):
        run.command(rest)
    elif rest:
        run.code(" ".join(rest))


def flock(run: Run) -> None:
    """`flock file command` or `flock file -c code`."""
    options = Options.of(
        "E w wait timeout conflict-exit-code", "s x e u n o F shared exclusive unlock nonblock close verbose"
    )
    found = scan(run.words, options)
    rest = run.words[found.end + 1 :]
    if rest[:1] in (["-c"], ["--command"]):
        run.code("".join(rest[1:2]))
    elif rest:
        run.command(rest)


def substitute_user(run: Run) -> None:
    """`su user -c code`, `runuser -u user command`."""
    words = run.words
    found = scan(words, _SU)
    rest = [word for word in words[found.end :] if word != "-"]
    codes = found.values("c", "command", "session-command")
    if not codes and rest:
        later = scan(["su", *rest[1:]], _SU)
        codes = later.values("c", "command", "session-command")
    for code in codes:
        run.code(code)
    if run.name == "runuser" and found.values("u", "user") and rest:
        run.command(rest)
    elif not codes:
        run.doubt("a shell of another user")


def script(run: Run) -> None:
    """`script -c code file`, and BSD's `script file command`."""
    found = scan(run.words, Options.of("c command E I O B T m o t", "a e f q r k d p return flush quiet append force"))
    for code in found.values("c", "command"):
        run.code(code)
    rest = run.words[found.end :]
    if rest:
        run.finder.write(rest[0])
    if len(rest) > 1:
        run.command(rest[1:])
    elif not found.values("c", "command"):
        run.doubt("an interactive shell")


def parallel(run: Run) -> None:
    """`parallel command ::: arguments`: read as code by a shell."""
    options = Options.of(
        "j jobs S sshlogin n N max-args L X a arg-file I d delimiter joblog results timeout retries colsep delay halt",
        "k keep-order v t bar eta progress will-cite q quote m dry-run verbose line-buffer u ungroup no-notice",
    )
    found = scan(run.words, options)
    if found.unknown:
        run.doubt(f"an option of parallel that is not known: {' '.join(found.unknown)}")
    rest = run.words[found.end :]
    if found.values("a", "arg-file") or any(word.startswith(("::::", ":::+")) for word in rest):
        run.doubt("runs the commands it reads from a file")
    end = next((place for place, word in enumerate(rest) if word.startswith(":::")), len(rest))
    inner = [word.replace("{}", "${_}") for word in rest[:end]]
    if inner and rest[end : end + 1] == [":::"] and _are_plain(inner, rest[end + 1 :]):
        for value in map(shlex.quote, rest[end + 1 :]):
            words = [word.replace("${_}", value) for word in inner]
            run.code(" ".join(words if words != inner else [*words, value]))
    elif inner:
        run.code(" ".join([*inner, "${_}"]))
        if any(" " in word for word in inner):  # with -q, and as it is meant without
            run.command([word.replace("${_}", UNKNOWN) for word in inner])
    elif rest:
        for code in rest[1:]:
            run.code(code)
    elif run.given and run.given.text is not None:
        run.code(run.given.text)
    else:
        run.doubt("runs the commands it reads from its input")


def _are_plain(inner: list[str], values: list[str]) -> bool:
    """Whether all that parallel puts together is known: no other marks than {}, no second list, nothing computed."""
    marked = any("{" in word.replace("${_}", "") or " " in word or is_computed(word) for word in inner)
    listed = any(value.startswith(":::") or is_computed(value) for value in values)
    return not marked and not listed and len(values) <= 8


def code_options(*names: str) -> Callable[[Run], None]:
    """A program that runs code it gets as the value of certain options."""

    def handle(run: Run) -> None:
        for code in option_values(run.words, names):
            run.code(code.removeprefix("exec="))
        files.note(run)

    return handle


def tar(run: Run) -> None:
    """Checkpoint actions, filters and remote shells of tar."""
    bundle = "".join(run.words[1:2])
    if not bundle.startswith("-") and {"I", "F"} & set(bundle):  # `tar cIf program archive`
        run.doubt("options of tar that name a program")
    code_options(
        "--checkpoint-action", "--to-command", "--use-compress-program", "-I", "--rsh-command", "--rmt-command", "-F"
    )(run)
    for code in option_values(run.words, ("--info-script", "--new-volume-script")):
        run.code(code)


def terminal(run: Run) -> None:
    """tmux and screen type words into shells."""
    looks = {"ls", "list-sessions", "-ls", "has-session", "kill-session", "attach", "-V", "-v"}
    if len(run.words) > 1 and run.words[1] not in looks:
        run.doubt("a terminal in which commands run")


def separated(run: Run) -> None:
    """A program with its command behind `--`, or behind its options."""
    words = run.words
    if "--" in words:
        run.command(words[words.index("--") + 1 :])
    elif len(words) > 1:
        run.doubt(f"{run.name} runs a command that cannot be told from its arguments")


def benchmark(run: Run) -> None:
    """Every operand is code, and so may be the value of an option."""
    for word in run.words[1:]:
        if not word.startswith("-") or "=" in word:
            run.code(word.partition("=")[2] if word.startswith("-") else word)


HANDLERS: dict[str, Callable[[Run], None]] = {
    "env": env,
    "genv": env,
    "command": command,
    "coproc": coproc,
    "xargs": xargs,
    "gxargs": xargs,
    "find": find,
    "gfind": find,
    "fd": fd,
    "fdfind": fd,
    "ssh": ssh,
    "watch": watch,
    "flock": flock,
    "su": substitute_user,
    "runuser": substitute_user,
    "sg": substitute_user,
    "script": script,
    "parallel": parallel,
    "tar": tar,
    "gtar": tar,
    "bsdtar": tar,
    "rsync": code_options("-e", "--rsh", "--rsync-path", "-M", "--remote-option"),
    "scp": far_copy,
    "sftp": far_copy,
    "cpio": code_options("--rsh-command"),
    "wget": download,
    **dict.fromkeys(("apt", "apt-get", "dpkg"), packages),
    "zip": code_options("-TT", "--unzip-command"),
    "sort": code_options("--compress-program"),
    "man": code_options("-P", "--pager", "-H", "--html", "--preprocessor"),
    "rg": code_options("--pre", "--hostname-bin"),
    "fzf": code_options("--preview", "--bind", "--execute"),
    "nodemon": code_options("-x", "--exec"),
    **dict.fromkeys(("tmux", "screen", "zellij", "dtach", "abduco"), terminal),
    **dict.fromkeys(
        ("watchexec", "aws-vault", "chamber", "bwrap", "direnv", "dotenv", "with-contenv", "ip"), separated
    ),
    "hyperfine": benchmark,
    "watchman-make": benchmark,
}
