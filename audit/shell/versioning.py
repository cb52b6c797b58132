"""git: its own ways to run commands, and the subcommand behind its global options."""

from collections.abc import Sequence
from itertools import pairwise

from audit.shell import files
from audit.shell.options import GIT, scan
from audit.shell.run import Run
from audit.shell.words import UNKNOWN, is_computed, plain

# Sections and keys of git's configuration that cannot name a program.
_HARMLESS_SECTIONS = [
    "color.",
    "advice.",
    "user.",
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
    "gc.auto",
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
    "submodule.recurse",
]
_HARMLESS_KEYS = {
    "init.defaultbranch",
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


# Any other word may be an alias, which runs whatever somebody set it to, or a part of git that runs programs.
_SUBCOMMAND_NAMES = """
    add am annotate apply archive bisect blame branch bugreport bundle cat-file check-attr check-ignore
    check-mailmap check-ref-format checkout checkout-index cherry cherry-pick clean clone column commit commit-graph
    commit-tree config count-objects describe diff diff-files diff-index diff-tree difftool fast-export fast-import
    fetch fetch-pack filter-branch for-each-ref format-patch fsck gc get-tar-commit-id grep hash-object help
    index-pack init interpret-trailers lfs log ls-files ls-remote ls-tree maintenance merge merge-base merge-file
    merge-tree mergetool mktag mktree multi-pack-index mv name-rev notes pack-objects pack-refs patch-id prune pull
    push range-diff read-tree rebase reflog remote repack replace request-pull rerere reset restore rev-list
    rev-parse revert rm shortlog show show-branch show-index show-ref sparse-checkout stash status
    stripspace submodule subtree switch symbolic-ref tag unpack-objects update-index update-ref var verify-commit
    verify-pack verify-tag version whatchanged worktree write-tree
"""
_SUBCOMMANDS = frozenset(_SUBCOMMAND_NAMES.split())


def git(run: Run) -> None:
    """`git [global options] subcommand ...`."""
    found = scan(run.words, GIT)
    later = run.words[found.end :]
    files.note(run)
    for setting in found.values("c"):
        _setting(run, *setting.split("=", 1), later=later)
    if "config-env" in found.given or any(found.values("exec-path")):
        run.doubt("git with settings that may run a program")
    if later and is_computed(later[0]):
        run.doubt("the subcommand of git is computed")
    elif later:
        _subcommand(run, later[0], later[1:])
        if later[0] not in _SUBCOMMANDS:
            run.doubt("a subcommand of git that may be an alias, or run a program")


def dashed(run: Run) -> None:
    """`git-push`, as it lies in git's own folder."""
    run.command(["git", run.name.removeprefix("git-"), *run.words[1:]])


def _setting(run: Run, key: str, value: str = "true", *, later: Sequence[str] = ()) -> None:
    key = key.lower()
    if key.startswith("alias."):
        _alias(run, value, later[1:] if later[:1] == [key[6:]] else ())
    elif value.startswith("!"):
        run.code(value[1:], f"git {plain(key)}")
    elif key not in _HARMLESS_KEYS and not key.startswith(tuple(_HARMLESS_SECTIONS)):
        run.doubt(f"sets {plain(key)}, which may run a program")


def _alias(run: Run, value: str, arguments: Sequence[str]) -> None:
    """What the alias stands for, with what follows where it is used."""
    if value.startswith("!"):
        run.code(" ".join([value[1:], *arguments]), "git alias")
    else:
        run.command(["git", *value.split(), *arguments], "git alias")


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
    elif name == "grep" and any(word.startswith(("-O", "--op")) for word in words):
        run.doubt("git grep that opens a program")
    if name in ("clone", "init") and any(word.startswith("--te") for word in words):
        run.doubt("git with hooks from a template")
    _code_options(run, words, _CODE_OPTIONS.get(name, ()))
    if any(word.startswith("ext::") for word in words):
        run.doubt("git with a transport that runs a program")


def _code_options(run: Run, words: list[str], names: tuple[str, ...]) -> None:
    for word, after in zip(words, [*words[1:], ""], strict=False):
        option, equals, value = word.partition("=")
        for name in names:
            short = len(name) == 1
            if not short and len(option) > 2 and f"--{name}".startswith(option):
                value = value if equals else after
            elif short and name in word and word.startswith("-") and not word.startswith("--"):
                value = word.partition(name)[2] or after
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


HANDLERS = {"git": git, "git-": dashed}
