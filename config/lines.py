"""Patterns of text of one line, for operations and for fields; REST framework is not needed to read them."""

CONTROL = r"\x00-\x1f\x7f-\x9f"
LINE = rf"^[^{CONTROL}]*\Z"
FILLED_LINE = rf"^[^\S{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*\Z"
