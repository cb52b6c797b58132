"""What secrets look like in text: the one list that logs, scrubbing, redaction and the model's door blank by.

Which key names hide a value, and which values are shown at all, is each app's own policy. When in doubt this
removes: a lost word costs less than a leaked key.
"""

import re
from typing import Any

MARK = "[secret]"

_WORDS = (
    r"pass(?:word|wd|phrase|code)|(?<![a-z])pass(?![a-z])|(?<![a-z])pwd(?![a-z])|secret(?!ar)|token|api[-_ ]?key"
    r"|(?:access|private|signing|encryption|master|account|storage|ssh|host|deploy|fernet)[-_ ]?key"
    r"|authori[sz]ation|(?<![a-z])auth(?![a-z])|credential|cookie|csrf|xsrf|session[-_ ]?(?:id|key)"
    r"|bearer|signature|connection[-_ ]?string|unseal|otp(?![a-z])|(?<![a-z])pin(?![a-z])|(?<![a-z])cvv"
)
_SECRET_NAME = re.compile(_WORDS, re.IGNORECASE)
_ABOUT_A_SECRET = re.compile(  # says something about a secret, and is not one
    r"(?:limit|count|length|size|type|ttl|timeout|expiry|expires(?:_?(?:in|at))?|enabled|required|valid|backend"
    r"|usage|used|file|path|sock|name|url|algorithm)$"
    r"|^(?:max|min|num|total|prompt|completion|input|output)[-_]?tokens?$|^tokens$",
    re.IGNORECASE,
)
_MOST_NAME_CHARACTERS = 200

# Shapes that are secret wherever they stand.
SHAPE = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|\bhr_[\w-]{20,}"  # our own keys
    r"|(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"  # JWT
    r"|\bgh[oprsu]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}"
    r"|\bsk-[\w-]{16,}|\b[rsp]k_(?:live|test)_\w{10,}|\bwhsec_[\w+/=]{16,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}|\bhooks\.slack\.com/services/\S+"
    r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}"
    r"|\bnpm_\w{20,}|\bpypi-[\w-]{16,}|\bhf_\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bdop_v1_\w{32,}"
    r"|\bhv[sb]\.[\w-]{16,}|\b[sb]\.[A-Za-z0-9]{24}\b|\bAGE-SECRET-KEY-[\w-]+",
    re.DOTALL,
)
USERINFO = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(?P<userinfo>[^\s/?#'\"<>]+)@")
_QUERY = re.compile(r"(?P<key>[?&;](?:[\w-]{0,40}[_-])?(?:sig|key)=)[^&\s'\"<>]+", re.IGNORECASE)
_SCHEME = re.compile(
    r"\b(?P<scheme>Bearer|Basic|Digest|Negotiate|ApiKey|Token)[ ]+(?P<value>(?!sha256:)[\w+/=.~:-]{8,})", re.IGNORECASE
)
# A header runs to the end of its line (or of the string that quotes it): "Cookie: a=1; b=2".
_HEADER = re.compile(
    r"(?P<key>\b(?:proxy-)?authorization|\b(?:set-)?cookie|\bx-api-key|(?<![\w-])x-[\w-]{0,100}token)(?P<is>['\"]?\s*[:=]\s*['\"]?)"
    r"(?P<value>[^'\"\r\n]+)",
    re.IGNORECASE,
)
_NAME = rf"[\w-]{{0,100}}?(?:{_WORDS})[\w.-]{{0,100}}"
_ASSIGNMENT = re.compile(
    rf"(?<![\w-])(?P<key>{_NAME})(?P<is>\\?['\"]?\]?\s{{0,3}}(?::=|:|={{1,3}}>?)\s{{0,3}})"
    r"(?P<open>b?\\?\"(?=[^\"\r\n]*\")|b?\\?'(?=[^'\r\n]*'))?"
    r"(?P<value>(?<=\")(?:[^\"\\\r\n]|\\[^\"\r\n])*|(?<=')(?:[^'\\\r\n]|\\[^'\r\n])*|[^\s,;&|'\"\\)}\]]+)",
    re.IGNORECASE,
)
_FLAG = re.compile(rf"(?<![\w-])(?P<flag>--?{_NAME})(?P<is>[ \t]+)(?P<value>[^\s'\"-][^\s'\"]*)", re.IGNORECASE)
_TELLS_NOTHING = frozenset({"None", "null", "True", "False", "true", "false", "undefined"})
_DEEPEST = 128  # a body has at most 100 levels; what is deeper goes whole, so that no input exhausts the stack


def blank(text: str, mark: str) -> str:
    """`text` with `mark` for its secrets: known shapes, URLs with a password, headers and `name=value` pairs."""

    def scheme(match: re.Match[str]) -> str:
        # "Basic settings" is prose; a credential has a digit, a capital inside or padding.
        value = match["value"]
        return match.group() if value.islower() and value.isalpha() else f"{match['scheme']} {mark}"

    def flag(match: re.Match[str]) -> str:
        return f"{match['flag']}{match['is']}{mark}" if is_secret_name(match["flag"]) else match.group()

    def assigned(match: re.Match[str]) -> str:
        key, sign, value = match["key"], match["is"], match["value"]
        if not value or value in _TELLS_NOTHING or value.startswith(mark[:-1]) or not is_secret_name(key):
            return match.group()
        if ":" in sign and len(value) < 3:  # "Unexpected token: }" is no secret
            return match.group()
        return f"{key}{sign}{match['open'] or ''}{mark}"

    if len(text) < 16 and text.isalnum():  # too short for a shape, and nothing is assigned: spares lists of words
        return text
    text = SHAPE.sub(mark, text)
    text = USERINFO.sub(rf"\g<scheme>{mark}@", text)
    text = _QUERY.sub(rf"\g<key>{mark}", text)
    text = _HEADER.sub(rf"\g<key>\g<is>{mark}", text)
    text = _SCHEME.sub(scheme, text)
    text = _FLAG.sub(flag, text)
    return _ASSIGNMENT.sub(assigned, text)


def is_secret_name(name: str) -> bool:
    """Whether a key's name says that its value is secret: `client_secret_value` does, `token_limit` does not."""
    name = name[:_MOST_NAME_CHARACTERS]
    if name in {"PWD", "OLDPWD"}:  # the shell's own; `pwd` is a password
        return False
    return bool(_SECRET_NAME.search(name)) and not _ABOUT_A_SECRET.search(name)


def scrub(value: Any, mark: str) -> Any:
    """A JSON value with `mark` for its secrets, at every depth; what stands under a secret's name goes whole."""
    return _scrub(value, mark, _DEEPEST)


def _scrub(value: Any, mark: str, depth: int) -> Any:
    if depth == 0:
        return mark if isinstance(value, dict | list) else _scrub_leaf(value, mark)
    match value:
        case {"name": str(name), "value": str()} | {"key": str(name), "value": str()} if is_secret_name(name):
            rest = {key: item for key, item in value.items() if key != "value"}
            return {**_scrub(rest, mark, depth - 1), "value": mark}
        case dict():
            return {_scrub_leaf(key, mark): _scrub_member(key, item, mark, depth - 1) for key, item in value.items()}
        case [str(name), str()] if is_secret_name(name):  # a header as a pair
            return [name, mark]
        case list() | tuple():
            return [_scrub(item, mark, depth - 1) for item in value]
    return _scrub_leaf(value, mark)


def _scrub_member(key: object, value: Any, mark: str, depth: int) -> Any:
    """Nothing and true or false tell no secret; all else under a secret's name does."""
    if value is None or isinstance(value, bool) or not is_secret_name(str(key)):
        return _scrub(value, mark, depth)
    return mark


def _scrub_leaf(value: Any, mark: str) -> Any:
    return blank(value, mark) if isinstance(value, str) else value
