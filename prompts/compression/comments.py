"""Where a program's comments and literals are, for the languages whose lexical rules are known here exactly.

A comment that is none is data, and taking it away is silent damage. So nothing is guessed: what is not understood
(a literal without its end, a quote in a substitution, a regular expression after `}`) leaves the whole text as it
is, and from where JSX or a here-document begins the rest is left. Each pattern is read once from left to right, in
Python's own loop, so that other threads run meanwhile; a library of lexers took minutes for some texts of 1 MiB.
"""

import re
from dataclasses import dataclass, field

from prompts.compression import javascript, python_source
from prompts.compression.comment_marks import is_kept
from prompts.compression.lexical import Scan, Untrusted, line_end

ALIASES = {
    "py": "python", "python3": "python", "py3": "python", "js": "javascript", "jsx": "javascript",
    "ts": "javascript", "typescript": "javascript", "tsx": "javascript", "ecmascript": "javascript",
    "golang": "go", "h": "c", "c++": "cpp", "cc": "cpp", "hpp": "cpp", "cxx": "cpp", "c#": "csharp", "cs": "csharp",
    "kt": "kotlin", "rs": "rust", "sh": "bash", "shell": "bash", "zsh": "bash", "ksh": "bash", "yml": "yaml",
    "postgresql": "sql", "postgres": "sql", "plpgsql": "sql", "mysql": "sql", "sqlite3": "sql", "sqlite": "sql",
    "tsql": "sql",
}  # fmt: skip

_BLOCK = r"(?P<block>/\*)"
_SLASHES = r"(?P<line>//[^\n]*)"
_DOUBLE = r'"(?:[^"\\\n]|\\[\s\S])*"'
_CHARACTER = r"'(?:\\[^\n][^'\n]*|[^'\\\n])'"
_WORD = r"(?P<word>[^\W\d][\w$]*|\d[\w.]*)"
_REST = r"""(?P<bad>["'`])|\n|[^\S\n]+|[\s\S]"""
"""A quote that begins nothing is doubtful; anything else is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Syntax:
    """Alternatives in the order they are tried. Groups: line and block comments, `text` for literals, `skip`, `stop`
    for what ends the understanding, and `bad` for what makes it doubtful from the start."""

    parts: tuple[str, ...]
    doubtful: re.Pattern[str] | None = None
    """In the whole text: nothing is touched."""
    odd: str = ""
    """Characters after which a line must have its quotes in pairs."""
    substitution: tuple[str, str] = ("", "")
    """Opens and closes code inside a literal; left open, the literal ended at a quote of that code."""
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile("|".join(self.parts), re.MULTILINE))


_C = _Syntax(
    parts=(
        r"(?P<skip>^[ \t]*#[ \t]*(?:include|import|error|warning|pragma|line)\b[^\n]*)",
        _BLOCK,
        r"(?P<bad_line>//[^\n]*\\\r?$)",
        _SLASHES,
        r'(?P<text>(?:u8|[uUL])?R"(?P<tag>[^()\\\s]{0,16})\([\s\S]*?\)(?P=tag)"|' + f"{_DOUBLE}|{_CHARACTER})",
        r'(?P<bad_raw>(?:u8|[uUL])?R")',
        r"(?P<word>[^\W\d]\w*|\d(?:'?[\w.])*)",
        _REST,
    )
)
_SYNTAX = {
    "c": _C,
    "cpp": _C,
    "go": _Syntax(
        parts=(_BLOCK, _SLASHES, f"(?P<text>{_DOUBLE}|`[^`]*`|{_CHARACTER})", _WORD, _REST),
        doubtful=re.compile(r'"C"'),  # the comment before it is a program in C
    ),
    "java": _Syntax(
        parts=(
            _BLOCK,
            _SLASHES,
            rf'(?P<text>"""(?:[^\\]|\\[\s\S])*?"""|(?!"""){_DOUBLE}|{_CHARACTER})',
            _WORD,
            _REST,
        )
    ),
    "kotlin": _Syntax(
        parts=(_BLOCK, _SLASHES, rf'(?P<text>"""[\s\S]*?"""+|(?!"""){_DOUBLE}|{_CHARACTER})', _WORD, _REST),
        substitution=("${", "}"),
    ),
    "csharp": _Syntax(
        parts=(
            r"(?P<skip>^[ \t]*#[^\n]*)",
            _BLOCK,
            _SLASHES,
            rf'(?P<text>\${{0,8}}(?P<tag>"{{3,8}})[\s\S]*?(?P=tag)|(?:\$@|@\$?)"(?:[^"]|"")*"|\$?(?!""")(?:{_DOUBLE})|{_CHARACTER})',
            _WORD,
            _REST,
        ),
        substitution=("{", "}"),
    ),
    "rust": _Syntax(
        parts=(
            _BLOCK,
            _SLASHES,
            r'(?P<text>[bc]?r(?P<tag>#{0,64})"[\s\S]*?"(?P=tag)|"(?:[^"\\]|\\[\s\S])*"|' + rf"{_CHARACTER})",
            r'(?P<bad_raw>[bc]?r#{0,64}")',
            r"(?P<skip>'[^\W\d]\w*)",  # a lifetime
            _WORD,
            _REST,
        )
    ),
    "css": _Syntax(
        parts=(
            _BLOCK,
            r"(?P<skip>\burl\([^)\"']*\))",
            rf"(?P<text>{_DOUBLE}|'(?:[^'\\\n]|\\[\s\S])*')",
            _WORD,
            _REST,
        )
    ),
    "toml": _Syntax(
        parts=(
            r"(?P<line>#[^\n]*)",
            r'(?P<text>"""(?:[^\\]|\\[\s\S])*?"""|' + r"'''[\s\S]*?'''|" + rf'(?!"""){_DOUBLE}|' + r"(?!''')'[^'\n]*')",
            _WORD,
            _REST,
        )
    ),
    "bash": _Syntax(
        parts=(
            r"(?P<skip>\\[\s\S]|<<<|\$\{[^}\n]*\}|\$#)",
            r"(?P<stop><<)",
            r"(?P<line>(?<![^\s;&|()])#[^\n]*)",
            r"""(?P<text>\$'(?:[^'\\]|\\[\s\S])*'|'[^']*'|"(?:[^"\\]|\\[\s\S])*")""",
            r"(?P<word>[\w.#-]+)",
            _REST,
        ),
        substitution=("(", ")"),
    ),
    "sql": _Syntax(
        parts=(
            _BLOCK,
            r"(?P<line>--(?=[\s-]|$)[^\n]*)",
            r"(?P<odd>--[^\n]*|[#\\\[])",
            r"""(?P<bad_q>\b[nN]?[qQ]')""",
            (
                r"""(?P<text>\b[eE]'(?:[^'\\]|\\[\s\S])*'|'[^']*'|"[^"]*"|`[^`]*`"""
                r"""|(?<![\w$])\$(?P<tag>(?:[^\W\d]\w{0,62})?)\$[\s\S]*?\$(?P=tag)\$)"""
            ),
            r"(?P<bad_dollar>(?<![\w$])\$(?:[^\W\d]\w*)?\$)",
            _WORD,
            _REST,
        ),
        doubtful=re.compile(
            r"(?i)\bfrom\s{1,20}stdin\b|\\['\"]"
        ),  # data of COPY, and a backslash that may be an escape
    ),
}


def scan(text: str, language: str) -> Scan | None:
    """Comments that may go, and literals that span lines; None where the language or the text is not understood."""
    name = ALIASES.get(language, language)
    try:
        if name == "python":
            found = python_source.scan(text)
        elif name == "javascript":
            found = javascript.scan(text)
        elif name == "yaml":
            found = _scan_yaml(text)
        elif name in _SYNTAX:
            found = _scan(text, _SYNTAX[name])
        else:
            return None
    except Untrusted:
        return None
    return found.keeping(is_kept, text)


def _scan(text: str, syntax: _Syntax) -> Scan:
    if syntax.doubtful and syntax.doubtful.search(text):
        raise Untrusted
    found = Scan(trusted=len(text))
    position = line_end(text, 0) if text.startswith("#!") else 0
    while (match := syntax.pattern.match(text, position)) is not None:
        kind, position = match.lastgroup or "", match.end()
        if kind == "stop":
            found.trusted = match.start()
            break
        if kind.startswith("bad"):
            raise Untrusted
        if kind == "odd":
            ends = text.find("]", position, line_end(text, position)) if match[0] == "[" else -1
            _check_quotes(text[match.start() : ends if ends >= 0 else line_end(text, position)])
            position = line_end(text, position) if match[0].startswith("--") else position
        elif kind == "line":
            found.comments.append((match.start(), position - text.endswith("\r", match.start(), position)))
        elif kind == "block":
            position = block_end(text, position)
            found.comments.append((match.start(), position))
        elif kind == "text":
            _check_substitution(match[0], syntax.substitution)
            found.add_literal(text, match.start(), position)
    return found


def block_end(text: str, position: int) -> int:
    """Where a comment that was opened ends. Whether one may stand in another depends on the dialect: doubtful."""
    end = text.find("*/", position)
    if end < 0 or text.find("/*", position, end) >= 0:
        raise Untrusted
    return end + 2


def _check_quotes(line: str) -> None:
    if line.count("'") % 2 or line.count('"') % 2:
        raise Untrusted


def _check_substitution(literal: str, substitution: tuple[str, str]) -> None:
    opens, closes = substitution
    if not opens or literal.startswith("'") or (opens == "{" and not literal.startswith("$")):
        return
    if literal.count(opens) > literal.count(closes) or literal.count("`") % 2:
        raise Untrusted


_SCALAR = re.compile(r"(?:^|[\s:\-])[|>][+-]?\d?[+-]?\s*(?:#[^\n]*)?$")
_YAML_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#")


def _scan_yaml(text: str) -> Scan:
    """Comments of lines without quotes, up to the first line whose quotes are not in pairs; not in block scalars."""
    found = Scan(trusted=len(text))
    position, scalar, begun = 0, -1, 0
    while position < len(text):
        end = line_end(text, position)
        line = text[position:end]
        indent = len(line) - len(line.lstrip(" "))
        if scalar >= 0 and line.strip() and indent <= scalar:
            found.add_literal(text, begun, position)
            scalar = -1
        if scalar < 0:
            if (line.count("'") % 2 or line.count('"') % 2) and not line.lstrip().startswith("#"):
                found.trusted = position
                return found
            comment = _YAML_COMMENT.search(line)
            if comment and not ({"'", '"'} & set(line[: comment.start()])):
                found.comments.append((position + comment.start(), position + len(line.rstrip("\r"))))
            if _SCALAR.search(line[-200:]):
                scalar, begun = indent, end
        position = end + 1
    if scalar >= 0:
        found.add_literal(text, begun, len(text))
    return found
