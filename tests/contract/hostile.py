"""What strangers send: texts by kind, numbers, times, and values of another type. Nothing in here is random."""

import unicodedata
from collections.abc import Iterator
from typing import Any

LARGE = 20_000  # characters; texts beyond are tried for few fields, since each costs time
PLACEHOLDER = "a"


def characters(*categories: str) -> list[str]:
    every = map(chr, range(1, 0x20000))  # what follows are ideographs, tags and nothing
    return [character for character in every if unicodedata.category(character) in categories]


CONTROLS = characters("Cc")
BLANKS = [*characters("Zs", "Zl", "Zp"), "\u180e", "\ufeff", "\u2800", "\u3164", "\u115f"]
INVISIBLE = [*characters("Cf")[:60], "\U000e0001", "\U000e0041", "\ufe0f", "\u034f"]
COMBINING = ["\u0301", "\u20dd", "\u0488", "a" + "\u0300" * 40, "\u0e31", "\u1ab0"]

KINDS: dict[str, list[str]] = {
    "a control character": CONTROLS,
    "a control character before": [character + PLACEHOLDER for character in CONTROLS],
    "a control character after": [PLACEHOLDER + character for character in CONTROLS],
    "a control character within": [f"a{character}b" for character in CONTROLS],
    "a blank": BLANKS,
    "a blank before": [character + PLACEHOLDER for character in BLANKS],
    "a blank after": [PLACEHOLDER + character for character in BLANKS],
    "a blank within": [f"a{character}b" for character in BLANKS],
    "an invisible character": INVISIBLE,
    "an invisible character within": [f"a{character}b" for character in INVISIBLE],
    "combining marks": COMBINING,
    "a terminal's escape": ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "a\x08b", "50%\r100%"],
    "lines": ["a\nb", "a\r\nb", "a\n", "\na", "\n\n", "a\x0b\x0cb", "a\u2028b"],
    "blanks around": [" a ", "a ", " a", "\ta\t", "  ", "a  b"],
    "dots and slashes": [".", "..", "...", "/", "//", "a/b", "\\", "../../etc/passwd", "./a", "a/.", "C:\\a", "~"],
    "an escape of an address": ["%2F", "%00", "%", "%zz", "%25", "+", "a+b", "&", "=", "a=b&c=d", "?", "#", ";"],
    "a word of programs": ["0", "-", "-1", "--", "null", "None", "true", "False", "NaN", "Infinity", "undefined", "{}"],
    "an option": ["--help", "-rf", "@file", "!", "=1+1", "*", "**", "?*"],
    "a template": ["{{", "{{ x }}", "{% raw %}", "{%", "${x}", "#{x}", "{0}", "%s", "{{ [].__class__ }}", "}}"],
    "SQL": ["'", '"', "'; DROP TABLE x; --", "' OR '1'='1", "%", "_", "\\'", "/*", "--", "$$", "a\\"],
    "a pattern": ["(", "[", "a{1000}{1000}", "(?P<", "\\", "(a+)+$", "^$", "|", "\\1", "(?i)"],
    "a shell's line": ["$(id)", "`id`", "a; id", "a | b", "$HOME", "&& id", "> /tmp/x", "'\"'"],
    "markup": ["<script>", "<!--", "&lt;", "]]>", "javascript:alert(1)", "http://", "https://[", "file:///etc/passwd"],
    "letters whose case is longer": ["\u00df", "\u0130", "\u0149", "\u0390", "\ufb03", "\u1e9e", "\u0131", "\u212a"],
    "digits of other scripts": ["\u0661\u0662", "\uff11", "\U0001d7d9", "\u00b2", "\u2167", "\u00bd", "1\u0663"],
    "letters of other scripts": ["\u00e4", "\u4e2d", "\u0434", "\u05d0", "\u0e01", "\uac00", "\U00010348"],
    "astral characters": ["\U0001f600", "\U0001f468\u200d\U0001f469", "\U0010ffff", "\ufffe", "\uffff", "\ue000"],
    "two spellings": ["\u00e9", "e\u0301", "\ufb01", "\u212b", "\u1100\u1161", "\uf900", "\uff21"],
    "half a character": ["\ud800", "\udfff", "a\ud83d"],
    "a NUL": ["\x00", "a\x00b"],
}
ALL_TEXTS = list(dict.fromkeys(text for texts in KINDS.values() for text in texts))

TIMES = [
    *("0001-01-01", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z"),
    *("0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+14:00", "9999-12-31T23:59:59.999999-14:00"),
    *("9999-12-31T23:59:59Z", "9999-12-30T23:59:59Z", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"),
    *("2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2016-12-31T18:59:60-05:00", "2026-06-30T12:00:60Z"),
    *("2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z"),
    *("2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01", "2026-01-01 00:00:00Z", "20260101T000000Z"),
    *("2026-01-01t00:00:00z", "2026-01-01T00:00:00+23:59", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-00:00"),
    *("2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.Z"),
    *("2026-W01-1T00:00:00Z", "2026-001T00:00:00Z", "1767225600", "now", "2026-01-01T00:00:00+0000", "2026-1-1T0:0:0Z"),
    *("\u0662026-01-01T00:00:00Z", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00+05"),
    *("1969-12-31T23:59:59Z", "2038-01-19T03:14:08Z", "1883-11-18T12:03:58Z", "2026-01-01T00:00:00+15:59"),
]
UUIDS = [
    *("00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "0" * 32, "0" * 31, "0" * 33),
    *("{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000", "0" * 8),
    *("0000000-00000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000\uff11"),
]
HASHES = ["0" * 64, "A" * 64, "0" * 63, "0" * 65, "g" * 64, "0" * 64 + "\n"]
NUMBERS: list[Any] = [
    *(0, 1, -1, -0.0, 0.0, 0.5, 1.0, -0.5, 5e-324, -5e-324, 1e-7, 1e308, -1e308, 1e22, 1e15, 1e16, 0.1 + 0.2),
    *(2**31 - 1, 2**31, -(2**31) - 1, 2**53 - 1, 2**53, -(2**53), 10**18, 2**63 - 1, 2**63, 10**30, 1.5e300),
]
OTHER_TYPES: list[Any] = [None, True, False, 0, 1.5, "", "a", [], [None], [[]], ["a"], {}, {"a": None}]
NUMBERS_IN_AN_ADDRESS = ["01", "+1", " 1", "1 ", "1e2", "1.0", "0x1", "1_0", "\u0661", "--1", "1,0", "", "-0", "\u00b2"]
FREE_JSON: list[Any] = [
    *({"": ""}, {" ": 1}, {"__proto__": 1}, {"a.b": 1}, {"$ref": "#"}, {"\u00e9": 1, "e\u0301": 2}, {"\ue000": 1}),
    *({"\x1b[31m": "\x1b[0m"}, {"\U0001f600": 1, "\ufffd": 2}, {"n": 1e22}, {"n": 1e308}, {"n": 5e-324}, {"n": -0.0}),
    *({"n": 2**53 - 1}, {"n": 2**53}, {"n": [0.1, 1.0, 1, True]}, {"password": "hunter2"}, {"a\x00": 1}, {"a": "\x00"}),
]


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return {"deep": value}


FREE_JSON += [nested(97), nested(500)]


def long_texts(most: int) -> Iterator[str]:
    """A limit reached and passed by one, in characters that take one, two and four bytes, and that grow in upper case.

    They differ from one another so that no database packs them: an index holds some 2,700 bytes.
    """
    for first, count in ((0x61, 26), (0xE0, 22), (0x10400, 40), (0x4E00, 5000)):
        text = "".join(chr(first + (index * 7919 + index // 97) % count) for index in range(most))
        yield text
    yield "\u00df" * most
    yield "\u0149" * most
    yield " " * most
    yield "a" + " " * (most - 1)
    yield "a" * (most + 1)
    yield "\U0001f600" * (most + 1)
