"""RFC 6962 Merkle trees over SHA-256: roots, inclusion proofs, consistency proofs. Pure."""

import hashlib
from collections.abc import Callable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()

Hashes = Sequence[bytes]


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Hashes) -> bytes:
    """The Merkle tree hash of leaf hashes (or of the roots of full subtrees of one size)."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    sha256 = hashlib.sha256
    while len(level) > 1:
        # Pairing from the left, an odd last one moves up: the same tree as RFC 6962's largest power of two.
        paired = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def split(size: int) -> int:
    """The largest power of two smaller than `size`: where RFC 6962 cuts a tree."""
    return 1 << ((size - 1).bit_length() - 1)


Subtree = Callable[[int, int], bytes]
"""The root over the leaves from the first position up to, not including, the second."""


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """RFC 6962 2.1.1: the siblings on the way from a leaf to the root of a tree of `size` leaves."""
    if not 0 <= position < size:
        raise ValueError(f"Leaf {position} is not in a tree of {size}.")
    return _path(position, 0, size, subtree)


def _path(position: int, start: int, end: int, subtree: Subtree) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if position < middle:
        return [*_path(position, start, middle, subtree), subtree(middle, end)]
    return [*_path(position, middle, end, subtree), subtree(start, middle)]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """RFC 6962 2.1.2: that the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 < old <= new:
        raise ValueError(f"A tree of {new} leaves does not contain one of {old}.")
    return [] if old == new else _subproof(old, 0, new, subtree, complete=True)


def _subproof(old: int, start: int, end: int, subtree: Subtree, *, complete: bool) -> list[bytes]:
    if old == end - start:
        return [] if complete else [subtree(start, end)]
    cut = split(end - start)
    middle = start + cut
    if old <= cut:
        return [*_subproof(old, start, middle, subtree, complete=complete), subtree(middle, end)]
    return [*_subproof(old - cut, middle, end, subtree, complete=False), subtree(start, middle)]
