"""RFC 6962 trees: published vectors, and every proof of small trees, as the auditor's own script reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.leaves import leaf_hash
from audit.ledger import merkle
from audit.ledger.verify_proof import Refused, check_consistent, root_of

# The leaves and roots of Certificate Transparency's own reference tests.
DATA = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(data) for data in DATA]


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    cut = merkle.split(len(leaves))
    return merkle.node_hash(by_definition(leaves[:cut]), by_definition(leaves[cut:]))


def subtree_of(leaves: list[bytes]) -> merkle.Subtree:
    return lambda start, end: by_definition(leaves[start:end])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.integers(1, 300))
def test_the_root_is_that_of_the_definition(size: int) -> None:
    leaves = [leaf_hash(bytes([number % 256, number // 256])) for number in range(size)]
    assert merkle.root(leaves) == by_definition(leaves)


@given(st.data())
def test_an_inclusion_proof_leads_to_the_root_and_any_other_leaf_does_not(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    position = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(position, size, subtree_of(leaves))
    assert root_of(position, size, leaves[position], proof) == merkle.root(leaves)
    assert root_of(position, size, leaf_hash(b"forged"), proof) != merkle.root(leaves)
    with pytest.raises(Refused, match="too"):
        root_of(position, size, leaves[position], [*proof, b"x" * 32])


@given(st.data())
def test_a_consistency_proof_holds_for_its_trees_and_no_others(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, new))
    leaves = [leaf_hash(bytes([number])) for number in range(new)]
    proof = merkle.consistency_proof(old, new, subtree_of(leaves))
    old_root, new_root = merkle.root(leaves[:old]), merkle.root(leaves)
    check_consistent(old, new, old_root, new_root, proof)
    forged = leaf_hash(b"forged")
    for first, last, path in (
        (forged, new_root, proof),
        (old_root, forged, proof),
        (old_root, new_root, [*proof, forged]),
    ):
        with pytest.raises(Refused):
            check_consistent(old, new, first, last, path)


def test_a_proof_outside_the_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(8, 8, subtree_of(LEAVES))
    with pytest.raises(ValueError, match="does not contain"):
        merkle.consistency_proof(9, 8, subtree_of(LEAVES))
