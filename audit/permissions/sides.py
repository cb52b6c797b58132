"""A command from the sides that patterns look at it: by name and path, with and without options before the verb."""

import re
from functools import cached_property

from audit.permissions import spellings
from audit.permissions.told import messages
from audit.shell import Command
from audit.shell.files import FIRST_IS_NO_FILE, ONLY_READ
from audit.shell.known import SYSTEM_FOLDERS
from audit.shell.options import GIT, Options, scan
from audit.shell.words import GLOB, SPLIT, UNKNOWN, plain

_CONTAINER = Options.of(
    "H host c context config l log-level tlscacert tlscert tlskey connection url f file p project-name profile env-file"
    " project-directory ansi progress parallel",
    "D debug tls tlsverify v",
)
_BEFORE_VERB: dict[str, Options] = {
    "git": GIT,
    "docker": _CONTAINER,
    "podman": _CONTAINER,
    "nerdctl": _CONTAINER,
    "kubectl": Options.of("n namespace context cluster kubeconfig user s server request-timeout v as token", "A"),
    "helm": Options.of("n namespace kube-context kubeconfig", "debug"),
    "npm": Options.of("prefix C w workspace loglevel registry", "g global silent s"),
    "yarn": Options.of("cwd", "silent s"),
    "pnpm": Options.of("C dir filter F", "r recursive w"),
    "uv": Options.of("directory project p python cache-dir config-file color", "q quiet v n offline no-cache"),
    "pip": Options.of("python log proxy timeout cache-dir", "q quiet v isolated"),
    "terraform": Options.of("chdir"),
    "tofu": Options.of("chdir"),
    "aws": Options.of("profile region output endpoint-url query", "debug no-verify-ssl no-paginate"),
    "gcloud": Options.of("project account configuration format", "q quiet"),
    "gh": Options.of("R repo hostname"),
    "systemctl": Options.of("H host M machine", "user system q quiet no-pager"),
    "make": Options.of("C directory f file j jobs I", "s silent k B n"),
    "go": Options.of("C"),
    "cargo": Options.of("C color config manifest-path", "q quiet v offline locked frozen"),
    "redis-cli": Options.of("h p a n u s", "tls raw"),
    "mysqladmin": Options.of("h u P S host user port", "p f force"),
}
# git reads nothing more from these, so a rule that allows a subcommand allows it behind them.
_SAFE_BEFORE_VERB = Options.of("C", "p P paginate no-pager no-optional-locks literal-pathspecs")
# Short letters of options whose long names rules are written with.
_LETTERS: dict[str, dict[str, str]] = {
    "rm": {"r": "recursive", "R": "recursive", "f": "force", "d": "dir", "i": "interactive"},
    "git push": {"f": "force", "d": "delete", "n": "dry-run", "u": "set-upstream"},
    "git branch": {"D": "D", "d": "delete", "f": "force"},
    "git clean": {"f": "force", "d": "d", "n": "dry-run"},
    "git checkout": {"f": "force"},
    "git add": {"A": "all", "f": "force"},
    "git commit": {"a": "all", "n": "no-verify"},
    "chmod": {"R": "recursive"},
    "chown": {"R": "recursive"},
    "cp": {"r": "recursive", "R": "recursive", "f": "force"},
    "docker system": {"f": "force", "a": "all"},
    "docker volume": {"f": "force", "a": "all"},
    "docker rm": {"f": "force", "v": "volumes"},
    "docker compose": {"v": "volumes", "f": "force"},
    "kubectl delete": {"f": "filename"},
    "npm publish": {},
}


# Letters whose option takes the rest of its word: in `-bfeature` is no -f.
_VALUE_LETTERS = {
    "git checkout": "bB",
    "git switch": "cC",
    "git commit": "mFCcS",
    "git clean": "e",
    "git push": "o",
    "git tag": "mFu",
}

# GNU's programs where they stand beside others of the same name.
_GNU = {"grm", "gmv", "gcp", "gln", "gdd", "gfind", "gshred", "gtruncate", "gunlink", "gchmod", "gchown", "gtee"}


_MESSAGE_FOLLOWS = frozenset(("-a", "-s", "-q", "-v", "--amend", "--all", "--signoff", "--quiet", "--allow-empty"))
_READING_VERBS = frozenset(("diff", "log", "show", "blame", "add", "status", "ls-files", "grep", "shortlog"))


def _could_be_option(word: str) -> bool:
    if word.startswith("-"):
        return GLOB in word or UNKNOWN in word.partition("=")[0]
    return word.startswith(UNKNOWN)


class CommandView:
    """One command; everything is computed when a rule first asks for it."""

    def __init__(self, command: Command) -> None:
        self.command = command

    @cached_property
    def words(self) -> list[str]:
        # A glob behind a dash may become any option, by a file of that name.
        return [UNKNOWN if GLOB in word and word.startswith("-") else plain(word) for word in self.command.words]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The program as it is called, and its base name."""
        name = self.command.name
        return tuple(dict.fromkeys((self.words[0], name, name[1:] if name in _GNU else name)))

    @cached_property
    def file_names(self) -> list[str]:
        """Every word that may name a file, alone or attached: `-o.env`, `--file=.env`, `@.env`, `.env:/x`."""
        found: dict[str, None] = {}
        words = self.words[1:]
        if self.command.name in FIRST_IS_NO_FILE:
            words = words[:]
            words.remove(next((word for word in words if not word.startswith("-")), words[0]))
        for word in words:
            if " " not in word:
                attached = [word[2:]] if word.startswith("-") and not word.startswith("--") else []
                for name in (word, *attached, *re.split(r"[=@:,<]", word)):
                    found[name.rpartition("/")[2] if UNKNOWN in name else name] = None
        return [name for name in found if name and UNKNOWN not in name]

    @cached_property
    def has_unknown(self) -> bool:
        """Whether an argument is only known when it runs."""
        return any(UNKNOWN in word for word in self.words[1:])

    @cached_property
    def may_hold_options(self) -> bool:
        """Whether an argument that is only known when it runs could be an option: the value of one cannot."""
        words = self.command.words
        # An option before the message's may take that for its value: `git commit -F -m "$X"`.
        values = {
            place
            for place in messages(words)
            if not words[place - 2].startswith("-") or words[place - 2] in _MESSAGE_FOLLOWS or "=" in words[place - 1]
        }
        return any(
            SPLIT in word or _could_be_option(word)
            for place, word in enumerate(self.command.words)
            if place > 0 and (SPLIT in word or place not in values)
        )

    @cached_property
    def runner(self) -> "CommandView | None":
        """The program among whose arguments this one stands."""
        return CommandView(Command(words=self.command.outer)) if self.command.outer else None

    @cached_property
    def only_reads(self) -> bool:
        """Whether the program only reads the files among its words."""
        name = self.command.name
        return name in ONLY_READ or (name == "git" and bool(self.operands) and self.operands[0] in _READING_VERBS)

    @cached_property
    def arguments(self) -> list[str]:
        """Without the options that stand before the subcommand."""
        name, rest = self.command.name, self.words[1:]
        if options := _BEFORE_VERB.get(name):
            rest = self.words[scan(self.words, options).end :]
            if rest and rest[0] == "compose":
                rest = ["compose", *rest[scan(rest, options).end :]]
        elif name == "docker-compose":
            rest = ["compose", *self.words[scan(self.words, _CONTAINER).end :]]
        elif name == "cargo" and rest and rest[0].startswith("+"):
            rest = rest[1:]
        if name in ("docker", "podman") and rest[1:2] == ["remove"]:  # another name of rm
            rest = [rest[0], "rm", *rest[2:]]
        return rest

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Every way to write the command that a restricting pattern may mean."""
        full = [" ".join([name, *self.words[1:]]) for name in self.names]
        short = [" ".join([name, *self.arguments]) for name in self.verb_names]
        written = [self.command.written] if self.command.written else []
        return tuple(dict.fromkeys([*full, *short, *written]))

    @cached_property
    def tokens(self) -> frozenset[str]:
        """Every word of every way to write it, also of words that hold blanks."""
        return frozenset(token for text in self.texts for token in text.split())

    @cached_property
    def meant(self) -> tuple["CommandView", ...]:
        """The same command in other words, under which restricting rules know it."""
        found = spellings.meant(self.command.name, self.arguments)
        return tuple(CommandView(Command(words=(self.command.name, *words))) for words in found)

    @cached_property
    def verb_names(self) -> tuple[str, ...]:
        return ("docker",) if self.command.name == "docker-compose" else self.names

    @cached_property
    def called(self) -> frozenset[str]:
        return frozenset((*self.names, *self.verb_names))

    @cached_property
    def folded_name(self) -> str:
        return self.command.name.casefold()

    @cached_property
    def allowed_called(self) -> frozenset[str]:
        return frozenset(text.partition(" ")[0] for text in self.allowed_texts)

    @cached_property
    def allowed_texts(self) -> tuple[str, ...]:
        """The ways to write it that an allowing pattern may mean: the program as it is called, not one of its name."""
        names = [self.words[0]]
        folder, _, base = self.words[0].rpartition("/")
        if folder in SYSTEM_FOLDERS:
            names.append(base)
        # A blank inside a word is no boundary between words, so a pattern's blank must not fit it.
        guarded = [word.replace(" ", "\x03") for word in self.words[1:]]
        lists = [guarded]
        if self.command.name == "git":
            lists.append(guarded[scan(self.words, _SAFE_BEFORE_VERB).end - 1 :])
        texts = [" ".join([name, *rest]) for name in names for rest in lists]
        return (*texts, self.command.written) if self.command.written else tuple(texts)

    @cached_property
    def operands(self) -> list[str]:
        """Arguments that are no options."""
        found, options = [], True
        for word in self.arguments:
            if options and word == "--":
                options = False
            elif not (options and word.startswith("-") and len(word) > 1):
                found.append(word)
        return found

    @cached_property
    def option_words(self) -> list[str]:
        end = self.arguments.index("--") if "--" in self.arguments else len(self.arguments)
        return [word for word in self.arguments[:end] if word.startswith("-") and len(word) > 1]

    @cached_property
    def letters(self) -> dict[str, str]:
        """What short options are called in full."""
        name = "docker" if self.command.name in ("podman", "nerdctl") else self.command.name
        verb = self.operands[0] if self.operands else ""
        return _LETTERS.get(f"{name} {verb}") or _LETTERS.get(name) or {}

    def has_option(self, wanted: str) -> bool:
        """Whether an option of a pattern is given, in any spelling: `--force`, `--forc`, `-f`, `-xf`."""
        if wanted.startswith("--"):
            return self._has_long(wanted)
        cluster = wanted[1:]
        if wanted in self.option_words:
            return True
        if len(cluster) > 3 or "*" in cluster:
            from audit.permissions.patterns import glob

            return any(glob(wanted, word) for word in self.option_words)
        return all(self._has_letter(letter) for letter in cluster)

    def _has_long(self, wanted: str) -> bool:
        from audit.permissions.patterns import glob

        for word in self.option_words:
            name = word.partition("=")[0]
            if glob(wanted, word) or glob(wanted, name):
                return True
            if word.startswith("--") and len(name) > 2 and wanted.startswith(name):  # an abbreviation
                return True
        spelled = [letter for letter, name in self.letters.items() if f"--{name}" == wanted.rstrip("*")]
        return any(self._in_cluster(letter) for letter in spelled)

    def _has_letter(self, letter: str) -> bool:
        if self._in_cluster(letter):
            return True
        name = self.letters.get(letter)
        same = [other for other, full in self.letters.items() if name and full == name]
        return bool(name) and (
            any(self._in_cluster(other) for other in same)
            or any(
                word.startswith("--") and f"--{name}".startswith(word) and len(word) > 2 for word in self.option_words
            )
        )

    def _in_cluster(self, letter: str) -> bool:
        ends = _VALUE_LETTERS.get(f"{self.command.name} {self.operands[0] if self.operands else ''}", "\n")
        return any(
            not word.startswith("--") and letter in re.split(f"(?<=[{ends}])", word[1:])[0]
            for word in self.option_words
        )
