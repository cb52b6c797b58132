"""A unified diff of two texts, in bounded time."""

from config.alignment import alignment

CONTEXT = 3


def unified_diff(before: str, after: str, name_before: str, name_after: str) -> str:
    """The diff of two texts by lines; empty when they are equal."""
    old, new = before.splitlines(), after.splitlines()
    lines = [f"--- {name_before}", f"+++ {name_after}"]
    for group in alignment(old, new).get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_span(first[1], last[2])} +{_span(first[3], last[4])} @@")
        for tag, i1, i2, j1, j2 in group:
            lines += [f" {line}" for line in old[i1:i2]] if tag == "equal" else []
            lines += [f"-{line}" for line in old[i1:i2]] if tag in {"replace", "delete"} else []
            lines += [f"+{line}" for line in new[j1:j2]] if tag in {"replace", "insert"} else []
    return "\n".join(lines) if len(lines) > 2 else ""


def _span(start: int, stop: int) -> str:
    """Lines as the format of `diff -u` counts them."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
