"""Which language a text is in, when nobody says. Prose unless most of it is code.

A wrong guess costs prose its headings and clauses (`#` and `--` begin comments), a missed one costs a program some
compression. So one line that looks like code is not enough: a sign of the language, no mark of prose, and code in
most lines. Not Pygments' guess: it takes a second for one long line and is seldom sure.
"""

import re

from prompts.compression.json_documents import is_json
from prompts.compression.logs import is_log

SAMPLE = 20_000
"""Characters that are looked at."""
LONGEST_LINE = 400
"""Characters of a line that are looked at."""
MOST = 0.6
"""Of the lines that are neither blank nor comments."""
MANY = 40
"""Lines of code that need not be half of all lines beside the comments."""

_SIGNS = {
    name: re.compile(pattern, re.MULTILINE)
    for name, pattern in {
        "bash": r"\A#!.{0,80}\b(?:ba|z|da|k)?sh\b",
        "python": r"\A#!.{0,80}python|^(?:async )?(?:def|class) \w+.*:[ \t]*(?:#.*)?$"
        r"|^(?:from [\w.]+ )?import [\w., ]+$",
        "html": r"\A\s*<(?:!doctype html|html)\b",
        "c": r"^#include [<\"]",
        "go": r"\Apackage \w+[ \t]*$",
        "rust": r"^(?:pub )?fn \w+.*\{[ \t]*$|^use [\w:{}, ]+;$",
        "java": r"^(?:public|private|protected) (?:static |final |abstract )*(?:class|interface|enum|void) ",
        "typescript": r"^(?:export )?(?:interface|type) \w+.*[={][ \t]*$",
        "javascript": r"^(?:export |async )*function\b.*\{|^(?:export )?(?:const|let|var) \w+ =|^import .* from [\"']",
        "sql": r"(?i)^\s*(?:create|alter|drop|select|insert|update|delete)\s+"
        r"(?:[*\d]|.*?\b(?:from|into|table|set)\b)(?! (?:the|an?|your) )",
    }.items()
}
_COMMENT = {"python": "#", "bash": "#", "sql": "--"}
_PROSE = re.compile(r"^[ \t]*(?:```|~~~|[-*+] +\w|\d{1,3}[.)] +\w|> )|^={3,}$|^-{3,}$", re.MULTILINE)
"""Fences, lists, quotations, underlined headings: a program has few lines like these."""
_CODE = re.compile(
    r"""[{}\[\];=]|\w\(|\)[;,:]?$|^\s*@\w|^\s*["'\w.*-]+,$
    |^\s*(?:import|from|return|raise|yield|assert|del|package|use|export|let|var|const)\s[\w.*"' ,]+$
    |^\s*(?:else|try|finally|do|then|fi|done|esac|pass|break|continue|begin|end|return)\b:?$
    |^\s*(?:class|def|if|elif|for|while|with|except|case|match)\b.*:$""",
    re.VERBOSE,
)
_SQL = re.compile(
    r"""^\s*(?:select|with|insert\ into|update|delete\ from|create|alter|drop|truncate|grant|revoke|comment\ on|commit
        |set|values|from|where|group\ by|order\ by|having|limit|union|(?:left|right|inner|outer|full|cross)?\ ?join|on
        |and|or|returning|constraint|primary\ key|foreign\ key|unique|check|references|add|begin|end)\b
        (?!\ (?:an?|the|your|all|each|every|any|this|that|these|our|us)\b)
    |^\s*[();]+$|,$|\);?$""",
    re.VERBOSE | re.IGNORECASE,
)


def detect(text: str) -> str:
    """A Pygments alias, log, or text when most of it is none of the languages known here."""
    if is_json(text):
        return "json"
    if is_log(text):
        return "log"
    lines = [line[:LONGEST_LINE].rstrip() for line in text[:SAMPLE].splitlines() if line.strip()]
    sample = "\n".join(lines)  # long lines and many blank ones make such patterns slow
    for name, pattern in _SIGNS.items():
        if pattern.search(sample) and _is_code(name, sample, lines):
            return name
    return "text"


def _is_code(name: str, sample: str, lines: list[str]) -> bool:
    if name == "html":
        return True
    mark = _COMMENT.get(name, "//")
    code = [line for line in lines if not line.lstrip().startswith((mark, "/*", "* ", "*/"))]
    if sample.startswith("#!"):
        return True
    if len(_PROSE.findall(sample)) * 5 > len(lines):
        return False
    pattern = _SQL if name == "sql" else _CODE
    likely = sum(bool(pattern.search(line)) for line in code)
    return likely >= MOST * len(code) and (2 * likely >= len(lines) or likely >= MANY)
