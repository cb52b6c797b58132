"""Which files the arguments of ordinary programs read and write, so that rules for files hold for commands too."""

from itertools import pairwise

from audit.shell.outputs import outputs
from audit.shell.run import Run
from audit.shell.words import UNKNOWN

_READING_PROGRAMS = """
    cat tac head tail less more most nl od xxd hexdump hd strings base64 base32 rev sort uniq cut paste join comm
    diff cmp colordiff sdiff wc md5sum sha1sum sha224sum sha256sum sha512sum shasum cksum b2sum fold fmt pr expand
    column tar zip gzip bzip2 xz zstd 7z gpg age openssl scp rsync bat batcat view vim vi nvim nano emacs code open
    xdg-open pbcopy xclip iconv dos2unix csplit split look tsort ptx cp mv ln install source . envsubst vipe sponge
"""
_READERS = frozenset(_READING_PROGRAMS.split())
FIRST_IS_NO_FILE = frozenset(
    ["grep", "egrep", "fgrep", "rg", "ag", "ack", "sed", "awk", "gawk", "mawk", "jq", "yq", "perl"]
)
_WRITING_PROGRAMS = """
    tee touch truncate rm unlink shred rmdir mv chmod chown chgrp sponge vim vi nvim nano emacs patch setfacl
"""
_WRITERS = frozenset(_WRITING_PROGRAMS.split())
_ONLY_READING_PROGRAMS = """
    cat tac head tail less more most nl od xxd hexdump hd strings base64 base32 rev sort uniq cut paste join comm diff
    cmp colordiff wc md5sum sha1sum sha224sum sha256sum sha512sum shasum cksum b2sum fold fmt pr expand column bat
    batcat grep egrep fgrep rg ag ack sed awk gawk mawk jq stat ls
"""
ONLY_READ = frozenset(_ONLY_READING_PROGRAMS.split())
"""What they write all the same (`sed -i`, `sort -o`) is found as such."""
_LAST_IS_WRITTEN = frozenset(["cp", "ln", "install", "scp", "rsync", "mv"])
_FILE_OPTIONS = ("--env-file", "--data", "--data-binary", "--upload-file", "--form", "-d", "-T", "-F", "-f", "--file")


def note(run: Run) -> None:
    """Tell the finder what an ordinary command reads and writes."""
    name, finder = run.name, run.finder
    for path in outputs(name, run.words):
        finder.write(path, "redirect")
    operands = _operands(run.words)
    if name in ("cd", "pushd"):
        finder.found.folders.append(operands[0] if operands else "~")
    elif name == "dd":
        _copy(run)
    elif name in ("curl", "wget", "http", "https", "docker", "podman"):
        _transfer(run)
    elif name in FIRST_IS_NO_FILE:
        _patterned(run, operands)
    else:
        for path in operands if name in _READERS else ():
            finder.read(path)
        for path in operands if name in _WRITERS else ():
            finder.write(path)
        if name in _LAST_IS_WRITTEN:
            _placed(run, operands)


def _placed(run: Run, operands: list[str]) -> None:
    """The file that is written, and those of the same names in the folder if it is one."""
    folder = next((after for word, after in pairwise(run.words) if word in ("-t", "--target-directory")), "")
    sources = operands if folder else operands[:-1]
    for target in [folder] if folder else operands[-1:] if sources else []:
        if ":" in target:  # of another machine
            continue
        run.finder.write(target)
        for source in sources:
            run.finder.write(f"{target.rstrip('/')}/{source.rstrip('/').rsplit('/', 1)[-1]}")


def _copy(run: Run) -> None:
    for word in run.words[1:]:
        if word.startswith("if="):
            run.finder.read(word[3:])
        elif word.startswith("of="):
            run.finder.write(word[3:])


def _operands(words: list[str]) -> list[str]:
    found, options = [], True
    for word in words[1:]:
        if options and word == "--":
            options = False
        elif options and word.startswith("-") and word != "-":
            if "=" in word:
                found.append(word.partition("=")[2])
        else:
            found.append(word)
    return found


def _patterned(run: Run, operands: list[str]) -> None:
    given = any(word in ("-e", "-f", "--regexp", "--expression", "--file") for word in run.words)
    paths = operands if given else operands[1:]
    in_place = run.name in ("sed", "perl", "yq") and any(
        word.startswith(("-i", "--in-place", "-pi", "--inplace")) for word in run.words
    )
    for path in paths:
        run.finder.read(path)
        if in_place:
            run.finder.write(path)


def _transfer(run: Run) -> None:
    for option, after in zip(run.words, [*run.words[1:], ""], strict=False):
        name, equals, attached = option.partition("=")
        value = attached if equals else after
        if name in _FILE_OPTIONS and (run.name in ("docker", "podman") or name in ("-T", "--upload-file")):
            run.finder.read(value)
        elif name in _FILE_OPTIONS and "@" in value and UNKNOWN not in value.partition("@")[0]:
            run.finder.read(value.partition("@")[2].partition(";")[0])
