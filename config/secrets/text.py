"""Secrets in a text: every kind is looked for in turn, and each look reads the text a bounded number of times.

Long texts come from whoever likes to send them, and the interpreter is held while one pattern searches. So no pattern
here is tried at a place more often than once: runs are taken whole (`++`), what a name or an option says is decided in
Python between two matches, and what comes before a match is looked at through a window.
"""

import re
from collections.abc import Callable, Iterator

from config.secrets.commands import find_in_commands
from config.secrets.mark import Span, put_marks, tells_nothing
from config.secrets.names import is_secret_name
from config.secrets.pairs import find_in_calls, find_in_inserts
from config.secrets.shapes import find_credentials, find_oracle, find_tokens, find_userinfo, find_without_scheme

_HEXADECIMAL = re.compile(r"[0-9a-f-]*+")
_QUOTE = r"(?:\\{0,8}+['\"]|&quot;|&#3[49];)"
_SIGN = r"(?::=|[:\uff1a\uff1d]|\+?={1,3}+>?|%3[aAdD])"
_BLOCK = r"(?:[|>][-+]?[ \t]*\r?\n[ \t]*)?"  # of YAML: the value begins in the next line
_INDEX = r"(?:\[\d{0,9}+\]|\]|%5[dD])?"
_TYPE = (  # `password: &str =`, `password string =`
    r"(?:(?:\s{0,3}+:\s{0,3}+&?(?:'static )?(?:[Ss]tr(?:ing)?\??|Secret\w{0,20}+|[Aa]ny|Optional\[str\]|str ?\| ?None)"
    r"|[ ]string)(?=\s{0,3}=))?"
)
_NAMED = re.compile(
    rf"(?<![\w.-])(?P<name>[\w.-]++){_QUOTE}?{_INDEX}{_TYPE}\s{{0,3}}+(?P<sign>{_SIGN})\s{{0,3}}+{_BLOCK}"
)
_CALLED = re.compile(r"[\w.:]{0,60}+\(\s{0,3}+['\"]")
"""A value that is made by a call: what secret it is given is found among its arguments."""
_FETCHED = re.compile(
    r"(?:await )?(?:\$?[A-Za-z_][\w.:]{0,80}+(?:\(\)|\[['\"][\w.-]{1,80}+['\"]\])"
    r"|(?:self|settings|config|process\.env)\.[\w.]++)"
    r"(?=[\s,;:.)?}]|\Z)"
)
"""A value that the code has from elsewhere: `os.environ["TOKEN"]`, `getpass()`, `settings.API_KEY`."""
_COLUMN_TYPE = re.compile(r"[A-Za-z]\w{0,30}\(\d{0,6}")
"""`password varchar(128)`."""
_TWO_WORDS = re.compile(
    r"(?<![a-z])(?:(?:api|access|private|secret|signing|encryption|master|account|ssh) key|connection string)$",
    re.IGNORECASE,
)
_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_OPENING = re.compile(rf"b?{_QUOTE}")
_REST_OF_STRING = {
    '"': re.compile(r"(?:[^\"\\\r\n]|\\[^\r\n])*+(?=\")"),
    "'": re.compile(r"(?:[^'\\\r\n]|\\[^\r\n]|'')*+(?=')"),
}
_REST_OF_LINE = re.compile(r"[^'\"`\r\n]+")
_REST_OF_PART = re.compile(r"[^;'\"\r\n]+")
_BARE = re.compile(
    r"(?:\[secret\]|[^\s,;&|'\"`\\)}\]<>]|[)}\]](?![\s,;.:&|'\"`)}\]\\]|\Z)|\\(?![\s'\"nrt]|\\*+['\"]|\Z))++"
)
_NO_VALUES = frozenset(
    """
    none null true false yes no undefined nil str int bytes string bool boolean any object required missing optional
    """.split()  # noqa: SIM905
)
_FLAG = re.compile(r"(?<![\w.-])--?(?P<name>[A-Za-z][\w.-]*+)[ \t]++")
_SET = re.compile(
    r"(?<![\w.-])(?:config(?:ure)?[ \t]++set|setx?|config)[ \t]++(?:--[\w-]++[ \t]++)*+(?P<name>[^\s=]++)[ \t]++"
)
_CONTENT = r"[^<>]{0,400}+(?<!/)>\s{0,40}+(?:<!\[CDATA\[)?+(?=[^<\s])"
_ELEMENT = re.compile(rf"<(?P<name>[\w:.-]++)(?:\s{_CONTENT}|>\s{{0,40}}+(?:<!\[CDATA\[)?+(?=[^<\s]))")
_ATTRIBUTE = re.compile(rf"(?<=[\s])(?:name|key|id)=['\"](?P<name>[\w:.-]++)['\"]{_CONTENT}")
# `name: DB_PASSWORD` and the line after it, `value: x`; `<add key="ApiKey" value="x">`; `"key": "token", "value": "x"`.
_MEMBER = re.compile(
    rf"(?<![\w.-])(?i:name|key|id){_QUOTE}?\s{{0,3}}+[:=]\s{{0,3}}+{_QUOTE}?(?P<name>[\w.:-]++){_QUOTE}?[\s,]{{1,80}}+"
    rf"{_QUOTE}?(?i:value|content|connectionString){_QUOTE}?\s{{0,3}}+[:=]\s{{0,3}}+"
)
_IN_ELEMENT = re.compile(r"[^<]++")
_QUERY = re.compile(r"[?&;](?:x-(?:amz|goog|ms)-)?(?:sig|key)=", re.IGNORECASE)
_IN_QUERY = re.compile(r"[^&\s'\"<>]++")
# `PASSWORD 'x'` and `IDENTIFIED BY 'x'` in SQL, `password x1` in .netrc and in prose.
_PASSWORDS = (
    "password", "passphrase", "passwd", "passwort", "kennwort", "contrase\u00f1a", "senha", "mot de passe",
    "wachtwoord", "securestring",
)  # fmt: skip
_KEYS = ("api key", "access key", "secret", "pwd")
_IDENTIFIED = "identified"
_SAYS = r"(?:is|was|to|now|of|set|ist|lautet|est|es|jest|generated for [\w.@-]{1,80}+:)(?![\w])"
_SAID = re.compile(
    rf"(?:(?:{'|'.join(_PASSWORDS)}|{_IDENTIFIED}[ \t]++(?:with[ \t]++\w{{1,60}}+[ \t]++)?by)"
    r"(?:[ \t]++for[ \t]++(?!\S{1,60}+:)[\w.'@%-]{1,80}+)?"
    rf"(?:[ \t]++{_SAYS})*+(?:[ \t]++=)?"
    rf"|(?:{'|'.join(_KEYS)})(?:[ \t]++{_SAYS})++)[ \t]++",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"(?:echo|printf)[ \t]++(?:-\w++[ \t]++|['\"]?%s[^\s]*+[ \t]++)*+(?P<value>[^|\r\n]{1,200}+)\|[^|\r\n]{0,200}+$"
)
_FROM_INPUT = (
    "chpasswd", "--password-stdin", "--with-token", "sudo -S", "sudo -kS", "passwd --stdin", "passphrase-fd", "su -",
    "secret put",
)  # fmt: skip
_HERE_STRING = re.compile(r"[^|;\r\n<]{0,200}+<<<[ \t]*+(?P<value>'[^'\r\n]*+'|\"[^\"\r\n]*+\"|[^\s;|&]++)")
_LONGEST_PIPE = 500


def blank(text: str) -> str:
    """`text` with a mark for its secrets: known shapes, passwords of URLs and commands, headers, `name=value` pairs."""
    # Too short for a shape, and nothing is assigned: spares lists of words, and ids of all kinds.
    if (len(text) < 16 and text.isalnum()) or _HEXADECIMAL.fullmatch(text):
        return text
    for signs, find in _FINDERS:
        for sign in signs:  # a generator would take longer than the looks
            if sign in text:
                text = put_marks(text, find(text))
                break
    return text


def _find_named(text: str) -> Iterator[Span]:
    """`name=value`, `name: value`, `"name": "value"`, headers; also escaped and percent-encoded."""
    position = 0
    for match in _NAMED.finditer(text):
        if match.start() < position or not _is_named(text, match):
            continue
        start, end = _value(text, match)
        value = text[start:end]
        if tells_nothing(value) or (end - start < 10 and value.lower() in _NO_VALUES):
            continue
        if ":" in match["sign"] and len(value) < 3:  # "Unexpected token: }" is no secret
            continue
        position = end
        yield start, end


def _is_named(text: str, match: re.Match[str]) -> bool:
    name = match["name"]
    if is_secret_name(name):
        return True
    end = match.end("name")
    return name[:3].lower() in {"key", "str"} and bool(_TWO_WORDS.search(text, max(0, end - 30), end))


def _value(text: str, match: re.Match[str]) -> Span:
    at = match.end()
    if opening := _OPENING.match(text, at):
        return opening.end(), _end_of_string(text, opening)
    if _CALLED.match(text, at) or _FETCHED.match(text, at):
        return at, at
    pattern = _BARE
    if match["name"].lower().lstrip("-") in _HEADERS:
        pattern = _REST_OF_LINE
    elif text.startswith(";", match.start() - 1):  # a connection string: blanks belong to the value
        pattern = _REST_OF_PART
    found = pattern.match(text, at)
    return found.span() if found else (at, at)


def _end_of_string(text: str, opening: re.Match[str]) -> int:
    """Where the string ends; of one that is cut off, the end of its line."""
    quote, at = opening[0].removeprefix("b"), opening.end()
    if quote in _REST_OF_STRING:
        found = _REST_OF_STRING[quote].match(text, at)
        end = found.end() if found else -1
    else:
        end = text.find(quote, at)
        line = re.compile(r"[^\r\n]*+").match(text, at, max(end, at))
        end = -1 if end < 0 or (line and line.end() < end) else end
    if end < 0:
        found = _BARE.match(text, at)
        end = found.end() if found else at
    return end


def _after(
    pattern: re.Pattern[str], inside: re.Pattern[str] | None, *, has_digit: bool = False
) -> Callable[[str], Iterator[Span]]:
    """Finds what follows a pattern, where its name (if it has one) is a secret's."""

    def find(text: str) -> Iterator[Span]:
        end = 0
        for match in pattern.finditer(text):
            if match.start() < end or ("name" in pattern.groupindex and not is_secret_name(match["name"])):
                continue
            start, stop, quoted = _word(text, match.end(), inside)
            value = text[start:stop]
            if tells_nothing(value) or value.startswith(("-", "(")):
                continue
            if has_digit and not quoted and not _is_mixed(value):
                continue
            end = stop
            yield start, end

    return find


_find_what_is_said = _after(_SAID, None, has_digit=True)


def _find_said(text: str) -> Iterator[Span]:
    """Words in any case: to look for each in small letters takes a tenth of what the pattern takes to find none."""
    small = text.lower() if text.isascii() else ""
    if not small or any(word in small for word in (*_PASSWORDS, *_KEYS, _IDENTIFIED)):
        yield from _find_what_is_said(text)


def _is_mixed(value: str) -> bool:
    """Has digits and other signs, as a word of prose has not."""
    return bool(re.search(r"\d", value) and re.search(r"\D", value)) and not _COLUMN_TYPE.fullmatch(value)


def _word(text: str, at: int, inside: re.Pattern[str] | None) -> tuple[int, int, bool]:
    if inside is None and (opening := _OPENING.match(text, at)):
        return opening.end(), _end_of_string(text, opening), True
    found = (inside or _BARE).match(text, at)
    return (*found.span(), False) if found else (at, at, False)


def _find_piped(text: str) -> list[Span]:
    """`echo X | sudo -S`, `chpasswd <<< user:X`: what a command that asks for a password reads."""
    spans: list[Span] = []
    for reader in _FROM_INPUT:
        at, before = text.find(reader), 0
        while at >= 0:
            found = _ECHO.search(text, max(before, at - _LONGEST_PIPE), at)
            before = at
            for read in (found, _HERE_STRING.match(text, at + len(reader))):
                if read and not tells_nothing(read["value"].strip("'\" ")):
                    value = read["value"]
                    start = read.start("value") + (value.find(":") + 1 if reader == "chpasswd" else 0)
                    spans.append((start, read.start("value") + len(value.rstrip())))
            at = text.find(reader, at + len(reader))
    return sorted(set(spans))


_OF_COMMANDS = (
    " -", " /", "AUTH ", "auth ", "login ", " put ", " write ", "secret", "config:set", "config ", " set ", "sqlplus ",
    "expdp ", "impdp ", "rman ", "_user ", "_password ", "wpa_passphrase ", "requirepass ", "masterauth ", "rootpw ",
)  # fmt: skip
# What a text must have for a look to be worth it, and the look.
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[str], "Iterator[Span] | list[Span]"]], ...] = (
    (("",), find_tokens),
    (("://",), find_userinfo),
    (("jdbc:",), find_oracle),
    (("@tcp(", "@unix(", ":"), find_without_scheme),
    (("(",), find_in_calls),
    (("values", "VALUES", "Values"), find_in_inserts),
    (("sig=", "key=", "SIG=", "KEY=", "Key="), _after(_QUERY, _IN_QUERY)),
    (_OF_COMMANDS, find_in_commands),
    ((_FROM_INPUT), _find_piped),
    (("value", "content", "Value"), _after(_MEMBER, None)),
    ((":", "=", "%3", "\uff1a", "\uff1d"), _find_named),
    ((" ",), find_credentials),
    (("-",), _after(_FLAG, None)),
    (("set ", "setx ", "config "), _after(_SET, None, has_digit=True)),
    (("</",), _after(_ELEMENT, _IN_ELEMENT)),
    (("</",), _after(_ATTRIBUTE, _IN_ELEMENT)),
    ((" ", "\t"), _find_said),
)
