"""Merkle trees: proofs that verify, and none that should not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.audit.merkle import (
    EMPTY_ROOT,
    Digest,
    Tree,
    TreeHead,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from tests.vectors import merkle as vectors

_LEAVES = [leaf_hash(b"entry %d" % number) for number in range(700)]


def _node(height: int, index: int) -> Digest:
    return Digest(_by_definition(_LEAVES[index << height : index + 1 << height]))


def _by_definition(leaves: list[Digest]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return hashlib.sha256(b"\x01" + _by_definition(leaves[:left]) + _by_definition(leaves[left:])).digest()


def _flipped(value: bytes, bit: int) -> Digest:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return Digest(bytes(changed))


def test_all_public_vectors_are_there() -> None:
    assert (len(vectors.inclusion()), len(vectors.consistency())) == (98, 98)


@pytest.mark.parametrize("case", vectors.inclusion(), ids=lambda case: case.name)
def test_public_inclusion_vectors(case: vectors.InclusionVector) -> None:
    assert verify_inclusion(case.index, case.size, case.leaf, case.proof, case.root) is not case.is_refused


@pytest.mark.parametrize("case", vectors.consistency(), ids=lambda case: case.name)
def test_public_consistency_vectors(case: vectors.ConsistencyVector) -> None:
    older, newer = TreeHead(case.older_size, Digest(case.older_root)), TreeHead(case.newer_size, Digest(case.newer_root))
    assert verify_consistency(older, newer, case.proof) is not case.is_refused


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 512, 700])
def test_a_grown_tree_has_the_root_of_the_definition(size: int) -> None:
    expected = _by_definition(_LEAVES[:size])
    assert Tree.of(_LEAVES[:size]).root() == expected == root_at(size, _node)


@settings(deadline=None)
@given(st.data())
def test_inclusion_proofs_verify_and_no_changed_hash_does(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    index = data.draw(st.integers(0, size - 1))
    root, proof = root_at(size, _node), inclusion_proof(index, size, _node)
    assert verify_inclusion(index, size, _LEAVES[index], proof, root)
    values = [_LEAVES[index], root, *proof]
    changed = data.draw(st.integers(0, len(values) - 1))
    values[changed] = _flipped(values[changed], data.draw(st.integers(0, 255)))
    assert not verify_inclusion(index, size, values[0], values[2:], values[1])


@settings(deadline=None)
@given(st.data())
def test_consistency_proofs_verify_and_no_changed_hash_does(data: st.DataObject) -> None:
    newer = data.draw(st.integers(2, 80))
    older = data.draw(st.integers(1, newer))
    values = [root_at(older, _node), root_at(newer, _node), *consistency_proof(older, newer, _node)]
    assert verify_consistency(TreeHead(older, values[0]), TreeHead(newer, values[1]), values[2:])
    changed = data.draw(st.integers(0, len(values) - 1))
    values[changed] = _flipped(values[changed], data.draw(st.integers(0, 255)))
    assert not verify_consistency(TreeHead(older, values[0]), TreeHead(newer, values[1]), values[2:])


def test_a_proof_shows_one_place_only() -> None:
    for size in range(1, 40):
        root = root_at(size, _node)
        for index in range(size):
            proof = inclusion_proof(index, size, _node)
            accepted = [other for other in range(size) if verify_inclusion(other, size, _LEAVES[index], proof, root)]
            assert accepted == [index]


@pytest.mark.parametrize("newer", [0, 1, 5])
def test_nothing_follows_from_an_empty_tree(newer: int) -> None:
    for root in (EMPTY_ROOT, root_at(newer, _node)):
        assert not verify_consistency(TreeHead(0, EMPTY_ROOT), TreeHead(newer, root), [])


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_no_inclusion_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, _node)


@pytest.mark.parametrize(("older", "newer"), [(0, 4), (5, 4)])
def test_no_consistency_proof_from_nothing_or_backwards(older: int, newer: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        consistency_proof(older, newer, _node)


def test_a_tree_is_not_taken_up_from_the_wrong_number_of_peaks() -> None:
    with pytest.raises(ValueError, match="perfect subtrees"):
        Tree(3, [EMPTY_ROOT])


def test_a_tree_is_taken_up_where_it_was_left() -> None:
    for size in range(70):
        before = Tree.of(_LEAVES[:size])
        after = Tree(size, before.peaks)
        for leaf in _LEAVES[size:70]:
            after.append(leaf)
        assert after.root() == root_at(70, _node)
