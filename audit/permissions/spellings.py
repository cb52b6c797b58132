"""Commands that say in other words what rules know under one name: `git push origin +main` is a forced push."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise


def meant(name: str, arguments: Sequence[str]) -> list[list[str]]:
    """Other ways to write a command's arguments, options before the subcommand left out; none for most commands."""
    words = list(arguments)
    if name in _CLOUDS:
        return _cloud(name, words)
    if name in _HTTP:
        return _http(words)
    if name in ("find", "gfind"):
        return _find(words)
    reader = _GIT.get(words[0]) if name == "git" and words else None
    return reader(words) if reader else []


_CLOUDS = frozenset({"aws", "gcloud", "az"})
_HTTP = frozenset({"curl", "wget", "http", "https"})
_CLOUD_VERBS = frozenset(
    ("delete", "destroy", "purge", "update", "ssh", "create", "deploy", "reset", "stop", "restart", "set")
)


def _cloud(name: str, words: list[str]) -> list[list[str]]:
    """`aws s3api delete-object` as `aws any delete-object`; of gcloud and az the verb stands at any depth."""
    operands = [word for word in words if not word.startswith("-")]
    if name == "aws":
        return [["any", *operands[1:]]] if len(operands) > 1 else []
    return [["any", *operands[place:]] for place, word in enumerate(operands) if word in _CLOUD_VERBS][:1]


_TESTS = frozenset(("-name", "-iname", "-path", "-ipath", "-wholename", "-regex", "-iregex", "-newer", "-printf"))
_RUNS = frozenset(("-exec", "-execdir", "-ok", "-okdir"))


def _find(words: list[str]) -> list[list[str]]:
    """`find removes`: where -delete is an action, and no value of a test and no word of another program."""
    place = 0
    while place < len(words):
        if words[place] == "-delete":
            return [["removes", *words]]
        if words[place] in _RUNS:
            ends = [at for at in range(place, len(words)) if words[at] in (";", "+")]
            place = ends[0] if ends else len(words)
        place += 2 if place < len(words) and words[place] in _TESTS else 1
    return []


_METHOD = re.compile(r"-X(.+)|--(?:request|method)=(.+)")
_WITH_BODY = re.compile(r"(?:-d|--data|-F|--form|--json|--post-data|--post-file|--body-)")
_LOCAL = re.compile(
    r"(?:\w+://)?(?:[^/@]*@)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|[\w-]+\.localhost)(?:[:/?]|$)"
)
_METADATA = ("169.254.169.254", "metadata.google.internal", "169.254.170.2", "fd00:ec2::254")


def _http(words: list[str]) -> list[list[str]]:
    """A request as `--request METHOD WHERE url`, whichever option gives the method."""
    method = ""
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word in ("-X", "--request", "--method"):
            method = after
        elif match := _METHOD.fullmatch(word):
            method = match[1] or match[2]
        elif word in ("DELETE", "PUT", "POST", "PATCH", "GET", "HEAD") and not method:  # as httpie takes it
            method = word
    if not method and any(word.startswith(("-T", "--upload-file")) for word in words):
        method = "PUT"
    if not method:
        body = any(_WITH_BODY.match(word) for word in words) and not {"-G", "--get"} & set(words)
        method = "POST" if body else "GET"
    addresses = [word for word in words if "://" in word or _LOCAL.match(word) or _looks_like_host(word)]
    return [["--request", method.upper(), _where(word), word] for word in addresses]


def _looks_like_host(word: str) -> bool:
    return not word.startswith("-") and "." in word.split("/")[0] and "=" not in word and " " not in word


def _where(address: str) -> str:
    if any(name in address for name in _METADATA):
        return "metadata"
    return "local" if _LOCAL.match(address) else "elsewhere"


def _push(words: list[str]) -> list[list[str]]:
    found = []
    if any(word.startswith("+") for word in words[1:]):
        found.append([*words, "--force"])
    if any(word.startswith(":") and len(word) > 1 for word in words[1:]):
        found.append([*words, "--delete"])
    return found


# What may stand behind an option of checkout as its value.
_VALUES = {
    "--conflict": re.compile("merge|z?diff3"),
    "--recurse-submodules": re.compile("checkout|on-demand"),
    "--track": re.compile("inherit|direct"),
    "--inter-hunk-context": re.compile(r"\d+"),
    "--unified": re.compile(r"\d+"),
}
_NONE = re.compile("(?!)")


def _checkout(words: list[str]) -> list[list[str]]:
    """`git checkout REF FILE` overwrites the file as `git checkout REF -- FILE` does."""
    short = "".join(word[1:] for word in words[1:] if word.startswith("-") and not word.startswith("--"))
    if "--" in words or set("bB") & set(short) or any(word.startswith("--orphan") for word in words):
        return []
    operands = [
        word
        for before, word in pairwise(words)
        if not word.startswith("-") and not _VALUES.get(before, _NONE).fullmatch(word)
    ]
    if len(operands) > 1:
        return [["checkout", operands[0], "--", *operands[1:]]]
    if any(word.startswith("--pathspec-from-file") for word in words):
        return [["checkout", "--", *operands]]
    return []


def _switch(words: list[str]) -> list[list[str]]:
    words = words[: words.index("--")] if "--" in words else words
    short = [word for word in words[1:] if word.startswith("-") and not word.startswith("--")]
    given = any("f" in word.split("c")[0].split("C")[0] for word in short)
    return [["switch", "--discard-changes", *words[1:]]] if given or "--force" in words else []


def _restore(words: list[str]) -> list[list[str]]:
    """Only the index, unless the working folder is named too."""
    short = "".join(word[1:] for word in words[1:] if word.startswith("-") and not word.startswith("--"))
    staged = any(len(word) > 3 and "--staged".startswith(word) for word in words) or "S" in short
    worktree = any(len(word) > 3 and "--worktree".startswith(word) for word in words) or "W" in short
    return [] if (staged and not worktree) or "--help" in words else [["restore", "--worktree", *words[1:]]]


def _clean(words: list[str]) -> list[list[str]]:
    """It removes unless it only tells."""
    short = "".join(word[1:] for word in words[1:] if word.startswith("-") and not word.startswith("--"))
    if "n" in short.partition("e")[0] or "--dry-run" in words:
        return []
    return [["clean", "--force", *words[1:]]] if "f" in short or "--force" in words or "i" in short else []


def _worktree(words: list[str]) -> list[list[str]]:
    return [[*words, "--force"]] if words[1:2] == ["remove"] and "-f" in words else []


_GIT: dict[str, Callable[[list[str]], list[list[str]]]] = {
    "push": _push,
    "checkout": _checkout,
    "switch": _switch,
    "restore": _restore,
    "clean": _clean,
    "worktree": _worktree,
}
