"""Which stretches of two sequences are equal, in bounded time.

difflib compares every item with every other in the worst case: 20,000 lines turned round take minutes. Items that
stand once in both hold the two together (patience diff), and only what lies between them is left to difflib;
a stretch that is still long is shown as one replacement.
"""

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

LONGEST_STRETCH = 400
"""Items of one side that difflib is given at once; cubic at worst, some 50 ms."""

_Block = tuple[int, int, int]


def alignment(old: Sequence[str], new: Sequence[str]) -> "difflib.SequenceMatcher[str]":
    """What difflib makes opcodes of, matched here."""
    return _Matched(_joined(_blocks(old, new), len(old), len(new)))


class _Matched(difflib.SequenceMatcher[str]):
    """Groups what was matched elsewhere, with its context."""

    def __init__(self, blocks: list[_Block]) -> None:
        super().__init__(None, "", "", autojunk=False)
        self.found = [difflib.Match(*block) for block in blocks]

    def get_matching_blocks(self) -> list[difflib.Match]:
        return self.found


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
    """Equal stretches as (start in old, start in new, length), in order."""
    i = j = 0
    for anchor_i, anchor_j in [*_anchors(old, new), (len(old), len(new))]:
        yield from _between(old, new, i, anchor_i, j, anchor_j)
        if anchor_i < len(old):
            yield anchor_i, anchor_j, 1
        i, j = anchor_i + 1, anchor_j + 1


def _between(old: Sequence[str], new: Sequence[str], i1: int, i2: int, j1: int, j2: int) -> Iterator[_Block]:
    """Equal stretches between two anchors: at both ends, and what difflib finds in the middle."""
    head = 0
    while i1 + head < i2 and j1 + head < j2 and old[i1 + head] == new[j1 + head]:
        head += 1
    tail = 0
    while i2 - tail > i1 + head and j2 - tail > j1 + head and old[i2 - tail - 1] == new[j2 - tail - 1]:
        tail += 1
    if head:
        yield i1, j1, head
    left, right = old[i1 + head : i2 - tail], new[j1 + head : j2 - tail]
    if left and right and max(len(left), len(right)) <= LONGEST_STRETCH:
        for a, b, size in difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks():
            yield i1 + head + a, j1 + head + b, size
    if tail:
        yield i2 - tail, j2 - tail, tail


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Items that stand once in each text, in an order both share: the longest such chain (patience sorting)."""
    counts_old, counts_new = Counter(old), Counter(new)
    place = {line: j for j, line in enumerate(new) if counts_new[line] == 1 and counts_old[line] == 1}
    pairs = [(i, place[line]) for i, line in enumerate(old) if line in place]
    ends: list[int] = []  # smallest last place of a chain of each length
    chains: list[int] = []  # which pair that is
    previous: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        previous.append(chains[length - 1] if length else -1)
        ends[length : length + 1], chains[length : length + 1] = [j], [index]
    chain: list[tuple[int, int]] = []
    index = chains[-1] if chains else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _joined(blocks: Iterator[_Block], end_old: int, end_new: int) -> list[_Block]:
    """Blocks that touch as one, and the empty one at the end that difflib wants."""
    joined: list[_Block] = []
    for i, j, size in blocks:
        if not size:
            continue
        if joined and joined[-1][0] + joined[-1][2] == i and joined[-1][1] + joined[-1][2] == j:
            joined[-1] = (joined[-1][0], joined[-1][1], joined[-1][2] + size)
        else:
            joined.append((i, j, size))
    return [*joined, (end_old, end_new, 0)]
