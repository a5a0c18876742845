"""The Merkle tree of RFC 6962 and RFC 9162: hashes, roots, and proofs that an entry or an older tree is part of a newer one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NewType

__all__ = [
    "EMPTY_ROOT",
    "Digest",
    "Node",
    "Tree",
    "TreeHead",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]

Digest = NewType("Digest", bytes)  # 32 bytes of SHA-256

Node = Callable[[int, int], Digest]
"""Where proofs take hashes from: (height, index) to the hash of the leaves from index * 2**height up to (index + 1) * 2**height."""

_DIGEST_SIZE = 32


def leaf_hash(entry: bytes) -> Digest:
    """The hash of an entry. Source: RFC 9162 section 2.1.1."""
    return Digest(hashlib.sha256(b"\x00" + entry).digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    """The hash of two neighbouring subtrees, each given by its 32 bytes. Source: RFC 9162 section 2.1.1."""
    return Digest(hashlib.sha256(b"\x01" + left + right).digest())


EMPTY_ROOT = Digest(hashlib.sha256(b"").digest())


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is remembered of a tree: how many leaves it had and what they hash to."""

    size: int
    root: Digest


class Tree:
    """A growing tree, remembered by the roots of its perfect subtrees alone: one for each bit set in its size, the largest first."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[Digest] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees, not {len(peaks)}")
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def of(cls, leaves: Iterable[Digest]) -> Tree:
        """The tree of these leaf hashes."""
        tree = cls()
        for leaf in leaves:
            tree.append(leaf)
        return tree

    def append(self, leaf: Digest) -> list[Digest]:
        """Grow by one leaf hash; returns the roots of the perfect subtrees that it completes, of height 0 (the leaf itself), 1, 2, ..."""
        completed = [leaf]
        rest = self.size
        while rest & 1:
            completed.append(node_hash(self._peaks.pop(), completed[-1]))
            rest >>= 1
        self._peaks.append(completed[-1])
        self.size += 1
        return completed

    def copy(self) -> Tree:
        """A tree of its own that grows on from here."""
        return Tree(self.size, self._peaks)

    @property
    def peaks(self) -> tuple[Digest, ...]:
        """The roots of the perfect subtrees, the largest (leftmost) first."""
        return tuple(self._peaks)

    def root(self) -> Digest:
        """The root of all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def head(self) -> TreeHead:
        """Size and root as they stand."""
        return TreeHead(self.size, self.root())


def root_at(size: int, node: Node) -> Digest:
    """The root that the first `size` leaves have or had."""
    return _span(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[Digest]:
    """The hashes that lead from leaf `index` (from 0) to the root of a tree of `size` leaves, lowest first. Source: RFC 9162 section 2.1.3.1."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    proof = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_part(high - low)
        if index < middle:
            proof.append(_span(middle, high, node))
            high = middle
        else:
            proof.append(_span(low, middle, node))
            low = middle
    return proof[::-1]


def consistency_proof(older: int, newer: int, node: Node) -> list[Digest]:
    """The hashes that show the tree of `older` leaves (at least 1) to be the beginning of the tree of `newer`. Source: RFC 9162 section 2.1.4.1."""
    if not 1 <= older <= newer:
        raise ValueError(f"no proof leads from {older} leaves to {newer}")
    proof = []
    low, high = 0, newer
    while older < high:
        middle = low + _left_part(high - low)
        if older <= middle:
            proof.append(_span(middle, high, node))
            high = middle
        else:
            proof.append(_span(low, middle, node))
            low = middle
    if low:
        proof.append(_span(low, high, node))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash `leaf` stands at `index` of the tree with this size and root. Source: RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size or not _all_digests(leaf, root, *proof):
        return False
    position, last = index, size - 1
    reached = Digest(leaf)
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            reached = node_hash(sibling, reached)
            position, last = _leave_left_edge(position, last)
        else:
            reached = node_hash(reached, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(older: TreeHead, newer: TreeHead, proof: Sequence[bytes]) -> bool:
    """Whether the older tree is the beginning of the newer one.

    Nothing follows from a tree without leaves, so no proof starts there, not even an empty one between equal roots.
    Source: RFC 9162 section 2.1.4.2.
    """
    if not 1 <= older.size <= newer.size:
        return False
    if older.size == newer.size:
        return not proof and older.root == newer.root
    if not _all_digests(older.root, newer.root, *proof):
        return False
    path = [bytes(older.root), *proof] if older.size.bit_count() == 1 else list(proof)
    if not path:
        return False
    position, last = older.size - 1, newer.size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    reached_older = reached_newer = Digest(path[0])
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            reached_older, reached_newer = node_hash(sibling, reached_older), node_hash(sibling, reached_newer)
            position, last = _leave_left_edge(position, last)
        else:
            reached_newer = node_hash(reached_newer, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and reached_older == older.root and reached_newer == newer.root


def _leave_left_edge(position: int, last: int) -> tuple[int, int]:
    """Climb past the levels at which a node on the right border has no sibling."""
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _left_part(count: int) -> int:
    """The largest power of two below `count` (at least 2): how many leaves the left subtree takes."""
    return 1 << ((count - 1).bit_length() - 1)


def _span(low: int, high: int, node: Node) -> Digest:
    """The hash of leaves low to high - 1, a range that the recursion of RFC 9162 section 2.1.1 meets."""
    count = high - low
    if count.bit_count() == 1:
        return node(count.bit_length() - 1, low // count)
    middle = low + _left_part(count)
    return node_hash(_span(low, middle, node), _span(middle, high, node))


def _all_digests(*values: bytes) -> bool:
    return all(len(value) == _DIGEST_SIZE for value in values)
