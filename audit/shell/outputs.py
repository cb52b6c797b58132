"""Options and operands that name a file to be written: like `> file`, whatever else the program does."""

from collections.abc import Sequence

from audit.shell.options import option_values

_OUTPUT = ("-o", "--output")
_OPTIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("sort", "gsort", "tree", "iconv", "base64", "curl", "shuf", "xmllint", "sdiff", "patch"), _OUTPUT),
    "wget": ("-O", "--output-document", "-o", "--output-file", "-a", "--append-output"),
    "less": ("-o", "-O", "--log-file", "--LOG-FILE"),
    "time": _OUTPUT,
    "cmake": ("--graphviz",),
    "yq": ("--split-exp",),
}
_GIT = {
    "format-patch": ("-o", "--output-directory", "--output"),
    "archive": _OUTPUT,
    "fast-export": ("--export-marks",),
}
_SECOND_IS_WRITTEN = frozenset({"uniq", "xxd"})


def outputs(name: str, words: list[str]) -> Sequence[str]:
    """The files that a program's arguments tell it to write."""
    if name == "git":
        verb = next((word for word in words[1:] if word in _GIT), "")
        return option_values(words, _GIT.get(verb, ("--output",)))
    found = option_values(words, _OPTIONS.get(name, ()))
    if name in _SECOND_IS_WRITTEN:
        # An option's value may stand before them: rather one that is none than one unseen.
        found += [word for word in words[1:] if not word.startswith("-") and not word.isdigit()][1:]
    return found
