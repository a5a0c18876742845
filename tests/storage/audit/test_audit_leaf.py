"""Leaves and their details: one spelling, no words in the tree, commitments that bind and hide."""

from __future__ import annotations

import io
import json
import unicodedata
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.audit.details import Details, seal_details
from storage.audit.leaf import Json, Leaf, canonical, promise
from storage.audit.merkle import leaf_hash
from storage.errors import InvalidInput, KeyNotRight
from storage.vault.age import HybridIdentity, open_file

_TEXTS = st.text(st.characters(codec="utf-8"))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS.map(lambda key: unicodedata.normalize("NFC", key)), inner, max_size=4),
    max_leaves=12,
)


def test_a_leaf_is_written_in_one_way(leaf: Leaf) -> None:
    assert leaf.encode() == (
        b'{"action":"record.read","address":"10.0.0.7","details_commitment":"' + leaf.details_commitment.hex().encode() + b'",'
        b'"office":"quang-ngai.ubnd","outcome":"done","pending_id":"p7","person":"u7dzqk2m4xw5","record_id":"r7","right":"case",'
        b'"session":"s1","source":null,"time":"2026-01-01T00:00:07.000000Z","v":1}'
    )


def test_a_leaf_is_canonical_json(leaf: Leaf) -> None:
    assert leaf.encode() == canonical(json.loads(leaf.encode()))


def test_a_leaf_reads_back(leaf: Leaf) -> None:
    assert Leaf.parse(leaf.encode()) == leaf


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1 '),
        (b'"v":1', b'"v":1,"v":1'),
        (b'"v":1', b'"v":1,"w":1'),
        (b'"done"', b'"undone"'),
        (b'"source":null,', b""),
        (b'"source":null', b'"source":5'),
        (b'"s1"', b'"s\\u0031"'),
        (b'"s1"', b'"s\xff"'),
        (b'000000Z"', b'000000+00:00"'),
        (b'000000Z"', b'000000"'),
        (b'{"action"', b'[{"action"'),
    ],
)
def test_any_other_spelling_is_no_leaf(leaf: Leaf, old: bytes, new: bytes) -> None:
    assert leaf.encode().count(old) == 1
    with pytest.raises(InvalidInput):
        Leaf.parse(leaf.encode().replace(old, new))


@pytest.mark.parametrize("entry", [b"", b"null", b"1", b'"v"', b"[]", b"{}", b'{"v":1}', b"[" * 100_000])
def test_what_is_no_leaf_at_all_is_refused(entry: bytes) -> None:
    with pytest.raises(InvalidInput):
        Leaf.parse(entry)


@pytest.mark.parametrize("text", ["", "two words", "đơn", "a" * 129, "line\nbreak", "nul\x00", "\ud800"])
@pytest.mark.parametrize("field", ["person", "record_id", "pending_id", "action", "address"])
def test_no_words_enter_a_leaf(leaf: Leaf, field: str, text: str) -> None:
    with pytest.raises(InvalidInput):
        replace(leaf, **{field: text})


@pytest.mark.parametrize("field", ["pending_id", "action"])
def test_pending_id_and_action_are_always_there(leaf: Leaf, field: str) -> None:
    with pytest.raises(InvalidInput):
        replace(leaf, **{field: None})


def test_times_are_aware_and_commitments_whole(leaf: Leaf) -> None:
    with pytest.raises(InvalidInput):
        replace(leaf, time=datetime(2026, 1, 1))
    with pytest.raises(InvalidInput):
        replace(leaf, details_commitment=b"short")


def test_the_largest_leaf_fits_its_bundle(leaf: Leaf) -> None:
    longest = replace(leaf, **dict.fromkeys(("pending_id", "person", "source", "office", "action", "right", "record_id"), '"' * 128))
    assert len(longest.encode()) < 0xFFFF


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"\U00010000": 1, "\uffff": 2}, '{"\U00010000":1,"\uffff":2}'),  # sorted by UTF-16 units, not by code points
        ('\x08\t\n\x0c\r"\\/\x1f\x7fđ€', '"\\b\\t\\n\\f\\r\\"\\\\/\\u001f\x7fđ€"'),
        ("a\u0302\u0301", '"\u1ea5"'),
    ],
)
def test_canonical_json_follows_rfc_8785(value: Json, text: str) -> None:
    assert canonical(value) == text.encode()


@pytest.mark.parametrize("value", [1.0, float("nan"), 2**53, -(2**53), {1: 2}, {"ấ": 1, "a\u0302\u0301": 2}, "\ud800", {"\udfff": 1}, b"x", {1, 2}])
def test_what_has_no_one_spelling_is_refused(value: Json) -> None:
    with pytest.raises(InvalidInput):
        canonical(value)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(_TEXTS.map(lambda key: unicodedata.normalize("NFC", key)), _VALUES, max_size=4))
def test_details_read_back_and_keep_their_commitment(content: dict[str, Json]) -> None:
    details = Details(content, bytes(range(32)))
    again = Details.parse(details.encode())
    assert again.encode() == details.encode()
    assert again.commitment() == details.commitment()


def test_a_commitment_binds_content_and_salt() -> None:
    commitment = Details({"query": "đất đai"}, bytes(32)).commitment()
    assert commitment == Details({"query": unicodedata.normalize("NFD", "đất đai")}, bytes(32)).commitment()
    assert commitment != Details({"query": "đất dai"}, bytes(32)).commitment()
    assert commitment != Details({"query": "đất đai"}, bytes([1, *bytes(31)])).commitment()


def test_equal_details_do_not_look_equal() -> None:
    assert Details.of({"query": "a"}).commitment() != Details.of({"query": "a"}).commitment()


@pytest.mark.parametrize("raw", [b"", b"[]", b"1", b'{"content":{}}', b'{"content":[],"salt":"' + b"0" * 64 + b'"}', b'{"content":{},"salt":"00"}'])
def test_what_are_no_details_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        Details.parse(raw)


def test_only_the_auditors_open_details() -> None:
    auditors, stranger = HybridIdentity(bytes(32)), HybridIdentity(bytes([1] * 32))
    details = Details.of({"query": "đơn tố cáo"})
    sealed = seal_details(details, auditors.recipient())
    assert Details.parse(b"".join(open_file(io.BytesIO(sealed), [auditors]))) == details
    with pytest.raises(KeyNotRight):
        b"".join(open_file(io.BytesIO(sealed), [stranger]))


def test_a_promise_does_not_tell_the_leaf_hash_and_binds_leaf_and_salt(leaf: Leaf) -> None:
    promised = promise(leaf, bytes(32))
    assert promised != leaf_hash(leaf.encode())
    assert promised == promise(Leaf.parse(leaf.encode()), bytes(32))
    assert promised != promise(leaf, bytes([1] * 32))
    assert promised != promise(replace(leaf, pending_id="p8"), bytes(32))
