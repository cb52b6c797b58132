"""Takes secrets out of what reporters send, before anything is stored, grouped or recorded.

Reporters' own scrubbers blank whole key names at the top level only; nested headers, `client_secret_value` and an
object's repr come through. So this one looks at every depth, for parts of key names, and for the shapes of secrets
inside text. When in doubt it removes: a lost word costs less than a leaked key.
"""

import re
from typing import Any

MARK = "[scrubbed]"
DEEPEST = 64  # deeper values are replaced whole, so that no input can exhaust the stack

_WORDS = (
    r"pass(?:word|wd|phrase|code)|(?<![a-z])pass(?![a-z])|(?<![a-z])pwd(?![a-z])|secret(?!ar)|token|api[-_ ]?key"
    r"|(?:access|private|signing|encryption|master|account|storage|ssh|host|deploy|fernet)[-_ ]?key"
    r"|authori[sz]ation|(?<![a-z])auth(?![a-z])|credential|cookie|csrf|xsrf|session[-_ ]?(?:id|key)"
    r"|bearer|signature|connection[-_ ]?string|unseal|otp(?![a-z])|(?<![a-z])pin(?![a-z])|(?<![a-z])cvv"
)
_SECRET_KEY = re.compile(_WORDS, re.IGNORECASE)
_ABOUT_A_SECRET = re.compile(  # says something about a secret, and is not one
    r"(?:limit|count|length|size|type|ttl|timeout|expiry|expires(?:_?(?:in|at))?|enabled|required|valid|backend"
    r"|usage|used|file|path|sock|name|url|algorithm)$"
    r"|^(?:max|min|num|total|prompt|completion|input|output)[-_]?tokens?$|^tokens$",
    re.IGNORECASE,
)

# Shapes that are secret wherever they stand.
_SHAPES = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?",  # JWT
    r"\bgh[oprsu]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}",
    r"\bsk-(?:ant-|proj-)?[\w-]{16,}|\b[rsp]k_(?:live|test)_\w{10,}|\bwhsec_[\w+/=]{16,}",
    r"\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}|\bhooks\.slack\.com/services/\S+",
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}",
    r"\bnpm_\w{20,}|\bpypi-[\w-]{16,}|\bhf_\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bdop_v1_\w{32,}",
    r"\bhv[sb]\.[\w-]{20,}|\b[sb]\.[A-Za-z0-9]{24}\b|\bAGE-SECRET-KEY-\w+",
)
_ANY_SHAPE = re.compile("|".join(_SHAPES), re.DOTALL)
_USERINFO = re.compile(r"(?P<scheme>\b[a-zA-Z][a-zA-Z0-9+.-]{0,30}://)[^\s/?#'\"<>]+@")
_SCHEME = re.compile(
    r"\b(?P<scheme>Bearer|Basic|Digest|Negotiate|ApiKey|Token)[ ]+(?P<value>[\w+/=.~:-]{8,})", re.IGNORECASE
)
# A header runs to the end of its line (or of the string that quotes it): "Cookie: a=1; b=2".
_HEADER = re.compile(
    r"(?P<key>\b(?:proxy-)?authorization|\b(?:set-)?cookie|\bx-api-key|\bx-[\w-]*token)(?P<is>['\"]?\s*[:=]\s*['\"]?)"
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
_MOST_KEY_CHARACTERS = 200


def scrub(value: Any) -> Any:
    """A JSON value without its secrets, at every depth; what stands under a secret's name goes whole."""
    return _scrub(value, DEEPEST)


def scrub_text(text: str) -> str:
    """A text without its secrets: known shapes, URLs with a password, headers and `name=value` pairs."""
    text = _ANY_SHAPE.sub(MARK, text)
    text = _USERINFO.sub(rf"\g<scheme>{MARK}@", text)
    text = _HEADER.sub(rf"\g<key>\g<is>{MARK}", text)
    text = _SCHEME.sub(_replace_scheme, text)
    text = _FLAG.sub(_replace_flag, text)
    return _ASSIGNMENT.sub(_replace_assigned, text)


def is_secret_name(name: str) -> bool:
    """Whether a key's name says that its value is secret: `client_secret_value` does, `token_limit` does not."""
    name = name[:_MOST_KEY_CHARACTERS]
    if name in {"PWD", "OLDPWD"}:  # the shell's own; `pwd` is a password
        return False
    return bool(_SECRET_KEY.search(name)) and not _ABOUT_A_SECRET.search(name)


def _scrub(value: Any, depth: int) -> Any:
    if depth == 0:
        return MARK if isinstance(value, dict | list) else _scrub_leaf(value)
    match value:
        case {"name": str(name), "value": str()} | {"key": str(name), "value": str()} if is_secret_name(name):
            return {**_scrub({key: item for key, item in value.items() if key != "value"}, depth - 1), "value": MARK}
        case dict():
            return {_scrub_leaf(key): _scrub_member(key, item, depth - 1) for key, item in value.items()}
        case [str(name), str()] if is_secret_name(name):  # a header as a pair
            return [name, MARK]
        case list() | tuple():
            return [_scrub(item, depth - 1) for item in value]
    return _scrub_leaf(value)


def _scrub_member(key: object, value: Any, depth: int) -> Any:
    """Nothing and true or false tell no secret; all else under a secret's name does."""
    if value is None or isinstance(value, bool) or not is_secret_name(str(key)):
        return _scrub(value, depth)
    return MARK


def _scrub_leaf(value: Any) -> Any:
    return scrub_text(value) if isinstance(value, str) else value


def _replace_scheme(match: re.Match[str]) -> str:
    """ "Basic settings" is prose; a credential has a digit, a capital inside or padding."""
    value = match["value"]
    if value.islower() and value.isalpha():
        return match.group()
    return f"{match['scheme']} {MARK}"


def _replace_flag(match: re.Match[str]) -> str:
    return f"{match['flag']}{match['is']}{MARK}" if is_secret_name(match["flag"]) else match.group()


def _replace_assigned(match: re.Match[str]) -> str:
    key, sign, value = match["key"], match["is"], match["value"]
    if not value or value in _TELLS_NOTHING or value.startswith(MARK[:-1]) or not is_secret_name(key):
        return match.group()
    if ":" in sign and len(value) < 3:  # "Unexpected token: }" is no secret
        return match.group()
    return f"{key}{sign}{match['open'] or ''}{MARK}"
