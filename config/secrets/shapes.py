"""What is secret wherever it stands: keys and tokens by their makers' prefixes, and the passwords of URLs.

Prefixes are found by plain search and only then looked at closely, so that each text is read once per prefix whatever
it holds: an alternation of all of them would try each at every character.
"""

import re
from collections.abc import Iterator

from config.secrets.mark import Span

_NOT_BEFORE = re.compile(r"[\w-]")
_WORD = r"[\w-]"
# Prefix -> what follows it. Nothing of a word stands before it.
_TOKENS = {
    "hr_": rf"{_WORD}{{20,}}",  # our own keys
    "eyJ": rf"{_WORD}{{8,}}+\.[\w-]{{4,}}(?:\.[\w-]*)?",  # JWT
    **dict.fromkeys(("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_"), r"\w{16,}"),
    **dict.fromkeys(("glpat-", "gldt-", "glrt-", "glptt-", "gloas-"), rf"{_WORD}{{16,}}"),
    "sk-": rf"{_WORD}{{16,}}",
    **dict.fromkeys(("sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "pk_test_"), r"\w{10,}"),
    "whsec_": r"[\w+/=]{16,}",
    **dict.fromkeys(("xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"), r"[\w.-]{10,}"),
    **dict.fromkeys(("hooks.slack.com/services/", "discord.com/api/webhooks/"), r"[^\s'\"<>]+"),
    **dict.fromkeys(("AKIA", "ASIA", "ABIA", "ACCA"), r"[A-Z0-9]{16}(?!\w)"),
    "AIza": rf"{_WORD}{{30,}}",
    "ya29.": rf"{_WORD}{{20,}}",
    "GOCSPX-": rf"{_WORD}{{20,}}",
    **dict.fromkeys(
        ("npm_", "hf_", "gsk_", "r8_", "sbp_", "rubygems_", "figd_", "lin_api_", "ntn_"), rf"{_WORD}{{20,}}"
    ),
    **dict.fromkeys(("pypi-", "xai-", "pplx-", "tvly-", "nvapi-", "PMAK-", "NRAK-", "dckr_pat_"), rf"{_WORD}{{16,}}"),
    **dict.fromkeys(("glsa_", "sntrys_", "sntryu_", "secret_", "ATATT3", "ATCTT3"), r"[\w=+/-]{24,}"),
    **dict.fromkeys(("shpat_", "shpss_", "shpca_", "shppa_"), r"\w{20,}"),
    **dict.fromkeys(("sq0atp-", "sq0csp-"), rf"{_WORD}{{20,}}"),
    "SG.": rf"{_WORD}{{16,}}+\.[\w-]{{16,}}",
    **dict.fromkeys(("dop_v1_", "doo_v1_", "dor_v1_"), r"\w{32,}"),
    "dapi": r"[0-9a-f]{32}",
    "key-": r"[0-9a-f]{32}",
    "SK": r"[0-9a-f]{32}(?!\w)",
    **dict.fromkeys(("hvs.", "hvb.", "hvr."), rf"{_WORD}{{16,}}"),
    **dict.fromkeys(("s.", "b."), r"[A-Za-z0-9]{24}(?![\w])"),
    "AGE-SECRET-KEY-": rf"{_WORD}+",
    # Passwords' hashes: they are guessed at leisure once they are out.
    **dict.fromkeys(("$2a$", "$2b$", "$2y$"), r"\d\d\$[\w./]{40,}"),
    **dict.fromkeys(("$5$", "$6$", "$y$", "$argon2", "pbkdf2_sha256$", "scrypt$"), r"[\w./+$=,-]{24,}"),
}
_PATTERNS = {prefix: re.compile(re.escape(prefix) + rest) for prefix, rest in _TOKENS.items()}
_LONG_WORD = re.compile(r"[\w.+/=$-]{15}")
"""The shortest of the tokens above has 15 signs: a shorter one needs a shorter look here."""
_SHORT_TEXT = 1_000
"""Up to here one look for a long word is cheaper than one for each prefix."""

_BEGIN, _END = "-----BEGIN ", "-----END "
_PRIVATE_KEY = re.compile(r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")

_SCHEMES = [
    form
    for word in ("bearer", "basic", "digest", "negotiate", "apikey", "token")
    for form in (word, word.capitalize(), word.upper())
] + ["ApiKey"]
_CREDENTIAL = re.compile(r" +((?!sha256:|HTTP/)[\w+/=.~:-]{8,})")

_BEFORE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}$")
_USERINFO = re.compile(r"[^\s/?#'\"<>]++")
# A password may have the signs that end the host, if it is not encoded; what looks like a port is one.
_WITH_SIGNS = re.compile(r"[^\s/?#'\"<>:@]{0,64}+:(?!\d{1,5}[/?#'\"\s])[^\s'\"<>@]{1,128}+(?=@)")
_USER = re.compile(r"[A-Za-z][A-Za-z._-]{0,19}\d{0,4}")
_ORACLE = re.compile(r"jdbc:oracle:\w{1,10}+:[^\s/@]{1,64}+/(?P<password>[^\s/@]{1,128}+)@")
_GO = re.compile(r"(?<![\w.-])[\w.-]{1,64}+:(?P<password>[^\s'\"@]{1,128}+)@(?:tcp|unix)\(")
_PGPASS = re.compile(
    r"^[\w.*-]{1,200}+:(?:\d{1,5}|\*):[\w*-]{1,63}+:[\w*-]{1,63}+:(?P<password>(?=\S*\d)[^\s:]{1,200}+)$", re.MULTILINE
)
_NO_PASSWORDS = frozenset({"", "x", "x-oauth-basic"})


def find_tokens(text: str) -> list[Span]:
    """Private keys, tokens and passwords' hashes."""
    spans = list(_private_keys(text)) if _BEGIN in text else []
    if len(text) > _SHORT_TEXT or _LONG_WORD.search(text):
        for prefix, pattern in _PATTERNS.items():
            if prefix in text:  # of 90 hardly one is, and a look costs a tenth of a call
                spans += _with_prefix(text, prefix, pattern)
    return sorted(spans)


def _with_prefix(text: str, prefix: str, pattern: re.Pattern[str]) -> Iterator[Span]:
    at = text.find(prefix)
    while at >= 0:
        found = None if at and _NOT_BEFORE.match(text, at - 1) else pattern.match(text, at)
        if found:
            yield found.span()
        at = text.find(prefix, found.end() if found else at + 1)


def _private_keys(text: str) -> Iterator[Span]:
    """A private key goes with everything up to its end, and to the end of the text when that is cut off."""
    at = text.find(_BEGIN)
    while at >= 0:
        end = at + len(_BEGIN)
        if _PRIVATE_KEY.match(text, end):
            end = _end_of_key(text, end)
            yield at, end
        at = text.find(_BEGIN, end)


def _end_of_key(text: str, at: int) -> int:
    while (at := text.find(_END, at)) >= 0:
        at += len(_END)
        if found := _PRIVATE_KEY.match(text, at):
            return found.end()
    return len(text)


def find_credentials(text: str) -> list[Span]:
    """What follows `Bearer`, `Basic` and the like; in prose ("Basic settings") that is a word of small letters."""
    spans = []
    for word in _SCHEMES:
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            found = None if at and text[at - 1].isalnum() else _CREDENTIAL.match(text, end)
            if found and not (found[1].islower() and found[1].isalpha()):
                spans.append(found.span(1))
            at = text.find(word, end)
    return sorted(spans)


def find_userinfo(text: str) -> list[Span]:
    """The passwords of URLs, and their users where those are not plain names: a token may stand in either's place."""
    spans = []
    at = text.find("://")
    while at >= 0:
        start = at + 3
        end = _userinfo_end(text, start)
        if end > start and _BEFORE_URL.search(text, max(0, at - 31), at):
            spans.append((_password_start(text, start, end), end))
        at = text.find("://", max(start, end))
    return spans


def find_oracle(text: str) -> list[Span]:
    """The passwords of Oracle's thin and oci addresses: `jdbc:oracle:thin:user/password@host`."""
    return [match.span("password") for match in _ORACLE.finditer(text)]


def find_without_scheme(text: str) -> list[Span]:
    """The passwords of Go's addresses, `user:password@tcp(host)`, and of lines of .pgpass."""
    return sorted(match.span("password") for pattern in (_GO, _PGPASS) for match in pattern.finditer(text))


def _userinfo_end(text: str, start: int) -> int:
    """Where the last @ of the authority stands; `start` if there is none."""
    plain = _USERINFO.match(text, start)
    end = text.rfind("@", start, plain.end()) if plain else -1
    if end < 0 and (found := _WITH_SIGNS.match(text, start)):
        end = found.end()
    return max(end, start)


def _password_start(text: str, start: int, end: int) -> int:
    user, colon, password = text[start:end].partition(":")
    named = colon and password not in _NO_PASSWORDS and _USER.fullmatch(user)
    return start + len(user) + 1 if named else start
