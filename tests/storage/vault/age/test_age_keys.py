"""Keys: their text forms, their strictness, and that an identity holds nothing but the seed it was given."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedHeader, KeyTextMalformed
from storage.vault.age import HybridIdentity, HybridRecipient, ScryptIdentity, X25519Identity, bech32, new_file_key, parse_identities
from tests.vectors.age import published_key_pair

X25519_TEXT = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
"""The example of the specification: 32 bytes of 0x42."""


def test_the_published_identity_has_the_published_recipient() -> None:
    recipient, file = published_key_pair()
    [identity] = parse_identities(file)

    assert isinstance(identity, HybridIdentity)
    assert identity.recipient().text() == recipient
    assert identity.text() == file.splitlines()[1]
    assert HybridRecipient.parse(recipient) == identity.recipient()


def test_a_generated_identity_survives_its_text() -> None:
    identity = HybridIdentity.generate()

    assert HybridIdentity.parse(identity.text()).recipient() == identity.recipient()


def test_the_seed_stays_where_it_was_given_and_nowhere_else() -> None:
    place = bytearray(secrets.token_bytes(32))
    identity = HybridIdentity(memoryview(place))
    stanza = identity.recipient().wrap(file_key := new_file_key())
    assert identity.unwrap([stanza]) == file_key

    place[:] = bytes(32)

    assert identity.unwrap([stanza]) is None, "a copy of the seed was kept"
    assert identity.recipient() == HybridIdentity(bytes(32)).recipient()


def test_a_key_does_not_show_itself() -> None:
    seed = secrets.token_bytes(32)

    assert repr(seed) not in repr(HybridIdentity(seed))
    assert seed.hex() not in repr(HybridIdentity(seed))


def test_two_wrappings_of_one_key_have_nothing_in_common() -> None:
    recipient, file_key = HybridIdentity.generate().recipient(), new_file_key()

    first, second = recipient.wrap(file_key), recipient.wrap(file_key)

    assert first.args != second.args
    assert first.body != second.body


def test_what_can_only_be_read_cannot_be_sealed_to() -> None:
    for identity in (X25519Identity.parse(X25519_TEXT), ScryptIdentity("passphrase")):
        assert not hasattr(identity, "wrap")
        assert not hasattr(identity, "recipient")


@pytest.mark.parametrize("point", [bytes(32), b"\1" + bytes(31)])
def test_a_low_order_recipient_is_refused_before_anything_is_sealed_to_it(point: bytes) -> None:
    sound = HybridIdentity.generate().recipient().public

    with pytest.raises(KeyTextMalformed, match="X25519 point"):
        HybridRecipient(sound[:-32] + point)


@pytest.mark.parametrize("public", [b"", bytes(1215), bytes(1217), b"\xff" * 1216])
def test_what_is_not_a_public_key_is_refused(public: bytes) -> None:
    with pytest.raises(KeyTextMalformed):
        HybridRecipient(public)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    with pytest.raises(KeyTextMalformed):
        HybridIdentity(bytes(length))
    with pytest.raises(KeyTextMalformed):
        X25519Identity(bytes(length))


def test_a_malformed_stanza_for_someone_else_is_refused_all_the_same() -> None:
    stanza = HybridIdentity.generate().recipient().wrap(new_file_key())

    with pytest.raises(DamagedHeader, match="exactly 32 bytes"):
        HybridIdentity.generate().unwrap([type(stanza)(stanza.type, stanza.args, stanza.body[:-1])])


def test_an_identity_file_may_have_comments_empty_lines_and_both_kinds_of_keys() -> None:
    hybrid = HybridIdentity.generate().text()

    identities = parse_identities(f"# created: today\r\n\r\n{hybrid}\r\n  \n# old\n{X25519_TEXT}")

    assert [type(identity) for identity in identities] == [HybridIdentity, X25519Identity]


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "age1pq1zzz", HybridIdentity(bytes(32)).text().lower(), X25519_TEXT[:-1] + "A"])
def test_a_bad_identity_file_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(KeyTextMalformed) as refused:
        parse_identities("# first line\n" + text)

    assert not text or text not in str(refused.value)
    assert "AGE-SECRET-KEY-" in str(refused.value) or "line 2" in str(refused.value)


def test_a_recipient_is_no_identity_and_an_identity_no_recipient() -> None:
    identity = HybridIdentity.generate()

    with pytest.raises(KeyTextMalformed, match="AGE-SECRET-KEY-PQ-1"):
        HybridIdentity.parse(identity.recipient().text())
    with pytest.raises(KeyTextMalformed, match="age1pq1"):
        HybridRecipient.parse(identity.text())


def test_keys_are_read_in_the_case_in_which_they_are_written() -> None:
    identity = HybridIdentity.generate()

    with pytest.raises(KeyTextMalformed, match="AGE-SECRET-KEY-PQ-1"):
        HybridIdentity.parse(identity.text().lower())
    with pytest.raises(KeyTextMalformed, match="age1pq1"):
        HybridRecipient.parse(identity.recipient().text().upper())


@pytest.mark.parametrize(
    "text",
    [
        "A12UEL5L",
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "11" + "q" * 82 + "c8247j",
        "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        "?1ezyfcl",
    ],
)
def test_the_valid_strings_of_bip_173_are_read_and_written_back(text: str) -> None:
    assert bech32.encode(*bech32.decode(text)) == text


@pytest.mark.parametrize(
    "text, rule",
    [
        (" 1nwldj5", "kind of key"),
        ("\x7f1axkwrx", "kind of key"),
        ("\x801eym55h", "kind of key"),
        ("pzry9x0s0muk", "kind of key"),
        ("1pzry9x0s0muk", "kind of key"),
        ("10a06t8", "kind of key"),
        ("1qzzfhee", "kind of key"),
        ("x1b4n0q5v", "alphabet"),
        ("de1lg7wt\xff", "alphabet"),
        ("li1dgmt3", "six of them"),
        ("A1G7SGD8", "checksum does not match"),
        ("A12uEL5L", "upper case or all lower case"),
    ],
)
def test_the_invalid_strings_of_bip_173_are_refused(text: str, rule: str) -> None:
    with pytest.raises(KeyTextMalformed, match=rule):
        bech32.decode(text)


@pytest.mark.parametrize("text", ["age1qdd35qf", "age1qqqyst3gn", "age1qqqqqq0jg2mr", "age1qpu0j2ex", "age1qqqpzh8mqf"])
def test_bits_beyond_the_last_byte_are_fewer_than_five_and_zero(text: str) -> None:
    with pytest.raises(KeyTextMalformed, match="left over"):
        bech32.decode(text)


@settings(deadline=None)
@given(st.binary(max_size=100), st.sampled_from(["age1pq", "AGE-SECRET-KEY-PQ-"]))
def test_any_bytes_survive_their_text(data: bytes, prefix: str) -> None:
    assert bech32.decode(bech32.encode(prefix, data)) == (prefix, data)


@settings(deadline=None)
@given(st.data())
def test_a_slip_of_up_to_four_letters_is_always_found(data: st.DataObject) -> None:
    text = X25519_TEXT
    places = data.draw(st.sets(st.integers(len("AGE-SECRET-KEY-1"), len(text) - 1), min_size=1, max_size=4))
    for place in places:
        letter = data.draw(st.sampled_from(sorted(set("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L") - {text[place]})))
        text = text[:place] + letter + text[place + 1 :]

    with pytest.raises(KeyTextMalformed, match="checksum does not match"):
        X25519Identity.parse(text)
