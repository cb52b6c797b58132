"""git: its own ways to run commands, and the subcommand behind its global options."""

from itertools import pairwise

from audit.shell.finder import Run
from audit.shell.options import GIT, scan
from audit.shell.words import UNKNOWN, is_computed, plain

# Sections and keys of git's configuration that cannot name a program.
_HARMLESS_SECTIONS = [
    "color.",
    "advice.",
    "user.",
    "init.",
    "column.",
    "log.",
    "status.",
    "branch.",
    "push.",
    "fetch.",
    "pull.",
    "i18n.",
    "index.",
    "feature.",
    "gc.",
    "pack.",
    "safe.",
    "format.",
    "rerere.",
    "stash.",
    "blame.",
    "tag.",
    "transfer.",
    "versionsort.",
    "worktree.",
    "commit.",
    "rebase.",
    "submodule.",
]
_HARMLESS_KEYS = {
    "core.quotepath",
    "core.autocrlf",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.abbrev",
    "core.longpaths",
    "core.whitespace",
    "core.compression",
    "core.preloadindex",
    "core.safecrlf",
    "core.untrackedcache",
    "core.sparsecheckout",
    "diff.renames",
    "diff.algorithm",
    "diff.context",
    "diff.noprefix",
    "diff.mnemonicprefix",
    "diff.colormoved",
    "diff.renamelimit",
    "merge.conflictstyle",
    "merge.ff",
    "http.version",
    "http.postbuffer",
    "protocol.version",
    "grep.linenumber",
}


def git(run: Run) -> None:
    """`git [global options] subcommand ...`."""
    found = scan(run.words, GIT)
    for setting in found.values("c"):
        _setting(run, *setting.split("=", 1))
    if "config-env" in found.given or any(found.values("exec-path")):
        run.doubt("git with settings that may run a program")
    rest = run.words[found.end :]
    if rest and is_computed(rest[0]):
        run.doubt("the subcommand of git is computed")
    elif rest:
        _subcommand(run, rest[0], rest[1:])


def _setting(run: Run, key: str, value: str = "true") -> None:
    key = key.lower()
    if key.startswith("alias."):
        _alias(run, value)
    elif key not in _HARMLESS_KEYS and not key.startswith(tuple(_HARMLESS_SECTIONS)):
        run.doubt(f"sets {plain(key)}, which may run a program")


def _alias(run: Run, value: str) -> None:
    if value.startswith("!"):
        run.code(value[1:], "git alias")
    else:
        run.command(["git", *value.split()], "git alias")


# Options of subcommands whose values are run; those of clone's -c are settings.
_CODE_OPTIONS = {
    "rebase": ("x", "exec"),
    "difftool": ("x", "extcmd"),
    "clone": ("u", "upload-pack", "c", "config"),
    **dict.fromkeys(
        ("push", "fetch", "pull", "ls-remote", "archive", "fetch-pack", "send-pack", "remote"),
        ("upload-pack", "receive-pack", "exec"),
    ),
}


def _subcommand(run: Run, name: str, words: list[str]) -> None:
    if name == "bisect" and words[:1] == ["run"]:
        run.command(words[1:], "git bisect run")
    elif name == "submodule" and "foreach" in words:
        rest = [word for word in words[words.index("foreach") + 1 :] if word not in ("--recursive", "--quiet")]
        run.code(" ".join(rest), "git submodule foreach")
    elif name == "config":
        _config(run, words)
    elif name == "filter-branch":
        for word, after in zip(words, [*words[1:], ""], strict=False):
            if word.startswith("--") and "-filter" in word:
                run.code(word.partition("=")[2] or after, "git filter-branch")
    elif name == "grep" and any(word.startswith(("-O", "--open-files-in-pager")) for word in words):
        run.doubt("git grep that opens a program")
    _code_options(run, words, _CODE_OPTIONS.get(name, ()))
    if any(word.startswith("ext::") for word in words):
        run.doubt("git with a transport that runs a program")


def _code_options(run: Run, words: list[str], names: tuple[str, ...]) -> None:
    for word, after in zip(words, [*words[1:], ""], strict=False):
        option, equals, value = word.partition("=")
        for name in names:
            short = len(name) == 1
            if option == f"--{name}" or (not short and len(option) > 4 and f"--{name}".startswith(option)):
                value = value if equals else after
            elif short and word == f"-{name}":
                value = after
            elif short and word.startswith(f"-{name}"):
                value = word[2:]
            else:
                continue
            if name in ("c", "config"):
                _setting(run, *value.split("=", 1))
            else:
                run.code(value, f"git --{name}")


def _config(run: Run, words: list[str]) -> None:
    operands = [word for word in words if not word.startswith("-")]
    if operands[:1] in (["set"], ["get"], ["list"], ["unset"], ["edit"]):
        if operands[0] != "set":
            return
        operands = operands[1:]
    if any(word.startswith(("--get", "--list", "-l", "--unset")) for word in words):
        return
    for key, value in pairwise(operands):
        if "." in key and UNKNOWN not in key:
            _setting(run, key, value)
            return


HANDLERS = {"git": git}
