"""How each language prints a frame. `ahead` forms have the function on the line before the file."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The lines of one language; groups are `function`, `file` and `line`, each of which may be missing."""

    line: re.Pattern[str]
    where: re.Pattern[str] | None = None
    """Of the line behind it, which has file and number."""
    needs_where: bool = False
    innermost_last: bool = False


_AT = r"(?P<file>.+?):(?P<line>\d+)(?::\d+)?"

# Where two read as many lines the first is meant: Rust's files alone look like frames of V8.
FORMS: dict[str, Form] = {
    "python": Form(
        line=re.compile(r'^[\s|+-]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+?))?\s*$'),
        innermost_last=True,
    ),
    # "at a.b.Cart.total(Cart.java:12)", with the module or class loader before it: "app//", "java.base/"
    "jvm": Form(
        line=re.compile(
            r"^\s*at (?P<function>[\w.$<>/@-]+)"
            r"\((?:(?P<file>[^():]+\.(?:java|kt|kts|scala|groovy|clj))(?::(?P<line>\d+))?"
            r"|Native Method|Unknown Source)\)"
        )
    ),
    # Such as: at Shop.Cart.Total(Int32 id) in C:\src\Cart.cs:line 12
    "dotnet": Form(
        line=re.compile(
            r"^\s*at (?P<function>[^\s(]+)\((?![^()]*:\d)[^()]*(?:\([^()]*\)[^()]*)*\)"
            r"(?: in (?P<file>.+?):line (?P<line>\d+))?\s*$"
        )
    ),
    "rust": Form(
        line=re.compile(r"^\s*\d+:\s+(?:0x[0-9a-f]+ - )?(?P<function>[\w<{].*?)\s*$"),
        where=re.compile(rf"^\s+at {_AT}$"),
    ),
    # V8: "at Cart.total (shop.js:3:9)", "at async shop.js:3:9"
    "v8": Form(
        line=re.compile(
            r"^\s*at (?:(?P<function>[^()]+?(?: \[as [^\]]+\])?) \((?P<file>[^()]*?)(?::(?P<line>\d+))?(?::\d+)?\)"
            r"|(?:async )?(?P<alone>[^()\s]+?)(?::(?P<alone_line>\d+)):\d+)\s*$"
        )
    ),
    "gecko": Form(line=re.compile(r"^(?P<function>[^@\s]*)@(?P<file>\S+?)(?::(?P<line>\d+))?(?::\d+)?$")),
    "go": Form(
        line=re.compile(r"^(?:created by )?(?P<function>[\w./*()\[\]{}-]*[\w\]}])(?:\(.*\)| in goroutine \d+)?$"),
        where=re.compile(r"^\s+(?P<file>\S.*\.(?:go|s)):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$"),
        needs_where=True,
    ),
    # Such as: app/models/cart.rb:12:in `total': undefined method, or: from app.rb:5:in 'Shop#show'
    "ruby": Form(
        line=re.compile(r"^\s*(?:from )?(?P<file>(?!from )[^\s:][^:]*):(?P<line>\d+):in [`'](?P<function>[^']+)'")
    ),
    "php": Form(
        line=re.compile(
            r"^\s*#\d+ (?:(?P<file>[^\s(][^(]*)\((?P<line>\d+)\)|\[internal function\]): (?P<function>[\w\\:>{}-]+)"
        )
    ),
    # Such as: 0 [ra] 0x010 Cart.total() + 12 in shop at /app/Cart.swift:12:9, or: 3  Shop  0x0104 Cart.total() + 24
    "swift": Form(
        line=re.compile(
            r"^\s*\d+\s+(?:\[\w+\]\s+)*(?:[^\s0]\S*\s+)?0x[0-9a-f]+\s+(?P<function>[^\s+].*?)(?: \+ \d+)?"
            rf"(?: in \S+)?(?: at {_AT})?\s*$"
        )
    ),
}
FRAMELIKE = re.compile(r'^\s*(?:at \S|File "|from \S|#\d+ \S|\d+:\s+\S|\S*@\S+:\d+)')
NO_FRAME = re.compile(r"^\s*(?:#\d+ \{main\}|at <anonymous>\s*$)")
