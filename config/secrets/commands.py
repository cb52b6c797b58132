"""Secrets among the words of command lines: `mysql -pX`, `curl -u user:X`, `docker login -p X`."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from config.secrets.mark import Span, tells_nothing

How = Literal["joined", "next", "pair", "named", "slashed", "assigned", "placed"]


class _Rule(NamedTuple):
    """Which words of a program hold a secret."""

    options: frozenset[str]
    how: How
    """joined: `-pX`; next: `-p X` or `-pX`; pair: the same, behind the user in `user:X`; named: the same, behind
    the name in `name=X`; slashed: every `user/X`; assigned: every `name=X`; placed: the word at a place."""
    needs: str = ""
    """The subcommand these options belong to."""
    place: int = 0
    """How many words that are no options stand between the subcommand and the secret."""


def _rule(how: How, options: str = "", needs: str = "", place: int = 0) -> _Rule:
    return _Rule(frozenset(options.split()), how, needs, place)


_RULES: dict[str, tuple[_Rule, ...]] = {
    "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlsh mariadb mariadb-dump mariadb-admin": (
        _rule("joined", "-p"),
    ),
    "7z 7za 7zr 7zz rar unrar": (_rule("joined", "-p -hp"),),
    "sshpass": (_rule("next", "-p"),),
    "mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh": (_rule("next", "-p"),),
    "redis-cli valkey-cli": (
        _rule("next", "-a --pass"),
        *(_rule("placed", needs=needs, place=place) for needs in ("AUTH", "auth") for place in (0, 1)),
    ),
    "sqlcmd bcp mosquitto_pub mosquitto_sub zip unzip": (_rule("next", "-P"),),
    "ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami": (_rule("next", "-w -s"),),
    "ssh-keygen": (_rule("next", "-N -P"),),
    "curl": (_rule("pair", "-u -U --user --proxy-user -E --cert"), _rule("named", "-b --cookie")),
    "wget aria2c": (_rule("next", "--http-passwd --ftp-passwd"),),
    "http https xh": (_rule("pair", "-a --auth"),),
    "smbclient rpcclient lftp": (_rule("pair", "-U -u --user"),),
    "sqlplus sqlldr expdp impdp exp imp rman": (_rule("slashed"),),
    "rdesktop rabbitmqadmin usermod useradd": (_rule("next", "-p"),),
    "ipmitool": (_rule("next", "-P"),),
    "snmpget snmpset snmpwalk snmpbulkwalk": (_rule("next", "-A -X"),),
    "xfreerdp wfreerdp": (_rule("joined", "/p:"),),
    "etcdctl": (_rule("pair", "--user"),),
    "rabbitmqctl": (
        _rule("placed", needs="add_user", place=1),
        _rule("placed", needs="change_password", place=1),
        _rule("placed", needs="authenticate_user", place=1),
    ),
    "htpasswd": (
        _rule("placed", needs="-b", place=2),
        _rule("placed", needs="-bc", place=2),
        _rule("placed", needs="-cb", place=2),
        _rule("placed", needs="-nb", place=1),
        _rule("placed", needs="-bn", place=1),
    ),
    "wpa_passphrase": (_rule("placed", place=1),),
    "requirepass masterauth rootpw": (_rule("placed"),),
    "mc": (_rule("placed", needs="set", place=3),),
    "poetry": (_rule("next", "-p", "publish"), _rule("placed", needs="config", place=2)),
    "docker podman nerdctl buildah helm oras crane regctl": (_rule("next", "-p", "login"),),
    "skopeo": (_rule("next", "-p", "login"), _rule("pair", "--creds --src-creds --dest-creds")),
    "az oc cf ibmcloud tsh": (
        *(_rule("next", "-p", needs) for needs in ("login", "sql", "mysql", "postgres", "vm")),
        _rule("next", "--value", "secret"),
    ),
    "twine": (_rule("next", "-p"),),
    "openssl": (_rule("next", "-k -K"),),
    "vault": (
        _rule("next", "login"),
        _rule("next", "-id", "create"),
        _rule("assigned", needs="put"),
        _rule("assigned", needs="write"),
    ),
    "cargo": (_rule("next", "login"),),
    "doctl": (_rule("next", "-t"),),
    "gh": (_rule("next", "-b --body", "secret"),),
    "aws": (_rule("next", "--value", "put-parameter"),),
    "dotnet": (_rule("next", "-k", "push"),),
    "fly flyctl doppler supabase wrangler heroku": (
        _rule("assigned", needs="secrets"),
        _rule("assigned", needs="config:set"),
    ),
    "kubectl kustomize": (_rule("assigned", needs="secret"),),
}
_BY_PROGRAM = {program: rules for programs, rules in _RULES.items() for program in programs.split()}
_MOST_CHARACTERS = 4_096
"""Of one command: what is longer is data."""
_COMMAND_WORD = re.compile(r"(?:[^\s'\"\\;|&<>()`]|\\[^\r\n]|\"(?:[^\"\\]|\\.)*+\"|'[^']*+')++", re.DOTALL)
_BETWEEN_WORDS = re.compile(r"(?:[ \t]|\\\r?\n)*+")
_BEHIND = {"pair": re.compile(r"[:%,]"), "named": re.compile("=")}


def find_in_commands(text: str) -> list[Span]:
    """The secrets of the command lines in a text, wherever in it they begin."""
    if " " not in text:
        return []
    spans: list[Span] = []
    seen: set[int] = set()
    for at in _programs(text):
        if at not in seen:
            words = list(_words(text, at))
            seen |= {start + word.rfind("/") + 1 for start, word in words}
            found = find_in_words([word for _, word in words])
            spans += [(words[index][0] + start, words[index][0] + end) for index, start, end in found]
    return sorted(spans)


def _programs(text: str) -> list[int]:
    """Where a program of the table is named."""
    found = []
    for program in _BY_PROGRAM:
        if program not in text:
            continue
        at = text.find(program)
        while at >= 0:
            end = at + len(program)
            if (end < len(text) and text[end] in " \t'\".") and not (
                at and (text[at - 1].isalnum() or text[at - 1] in "_-.")
            ):
                found.append(at)
            at = text.find(program, end)
    return sorted(found)


def _words(text: str, at: int) -> Iterator[tuple[int, str]]:
    """The words of the command that begins at `at`, as they are written; of one in quotes up to their end."""
    end = min(len(text), at + _MOST_CHARACTERS)
    if at and text[at - 1] in "'\"" and (closing := text.find(text[at - 1], at, end)) >= 0:
        end = closing
    while found := _COMMAND_WORD.match(text, at, end):
        yield at, found[0]
        between = _BETWEEN_WORDS.match(text, found.end(), end)
        at = between.end() if between else found.end()


def find_in_words(words: Sequence[str]) -> list[tuple[int, int, int]]:
    """The secrets of a command given as words: which word, and where in it."""
    found = []
    rules: tuple[_Rule, ...] = ()
    before: list[str] = []
    for index, word in enumerate(words):
        name = word.strip("'\"").rsplit("/", 1)[-1].removesuffix(".exe")
        if name in _BY_PROGRAM:
            rules, before = _BY_PROGRAM[name], []
            continue
        for rule in rules:
            if (not rule.needs or rule.needs in before) and (span := _secret_of(rule, before, word)):
                found.append((index, *span))
                break
        before.append(word)
    return found


def _secret_of(rule: _Rule, before: list[str], word: str) -> Span | None:
    if rule.how == "assigned":
        return _behind(word, "=") if not word.startswith("-") or word.startswith("--from-literal") else None
    if rule.how == "slashed":
        return _behind(word, "/") if "/" in word else None
    if rule.how == "placed":
        return _trimmed(word, 0) if _place(rule, before) == rule.place and not word.startswith("-") else None
    option = before[-1] if before else ""
    is_next = rule.how != "joined" and option in rule.options and not word.startswith("-")
    start = 0 if is_next else next((_length(name) for name in rule.options if _is_joined(word, name)), -1)
    if start < 0 or tells_nothing(word[start:]):
        return None
    if rule.how in _BEHIND:
        separator = _BEHIND[rule.how].search(word, start)
        if separator is None:
            return None
        start = separator.end()
    return _trimmed(word, start)


def _place(rule: _Rule, before: list[str]) -> int:
    behind = before[before.index(rule.needs) + 1 :] if rule.needs else before
    return sum(not word.startswith("-") for word in behind)


def _is_joined(word: str, name: str) -> bool:
    if name.startswith("--"):
        return word.startswith(name + "=")
    return name.startswith(("-", "/")) and word.startswith(name) and len(word) > len(name)


def _length(name: str) -> int:
    return len(name) + name.startswith("--")  # with its =


def _behind(word: str, sign: str) -> Span | None:
    start = word.rfind(sign) + 1 if word.startswith("--from-literal") else word.find(sign) + 1
    return _trimmed(word, start) if start else None


def _trimmed(word: str, start: int) -> Span | None:
    """Without the quote that ends the word and was opened before the secret."""
    end = len(word) - 1 if word[-1:] in "'\"" and word[start : start + 1] not in "'\"" and start else len(word)
    return None if tells_nothing(word[start:end]) else (start, end)
