"""Bech32, the text form of age keys: what the key is, its bits in letters that cannot be mistaken, and a checksum."""

from __future__ import annotations

from collections.abc import Iterable

from storage.errors import KeyTextMalformed

__all__ = ["decode", "encode"]

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
VALUES = {letter: value for value, letter in enumerate(LETTERS)}
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
CHECKSUM = 6
"""Letters of the checksum, 30 bits."""


def encode(prefix: str, data: bytes | memoryview) -> str:
    """`data` after `prefix` (the "human-readable part"), in the case in which the prefix is given.

    Source: BIP 173, without its limit on the length.
    """
    lower = prefix.lower()
    symbols, rest, held = _regroup(data, 8, 5)
    if held:
        symbols.append(rest << (5 - held))
    remainder = _polymod([*_spread(lower), *symbols, *[0] * CHECKSUM]) ^ 1
    symbols += [remainder >> 5 * place & 31 for place in reversed(range(CHECKSUM))]
    text = f"{lower}1{''.join(LETTERS[symbol] for symbol in symbols)}"
    return text if prefix == lower else text.upper()


def decode(text: str) -> tuple[str, bytes]:
    """The prefix, in the case in which it stands, and the data.

    Raises KeyTextMalformed, which never quotes the text: it may be a secret key.
    Source: BIP 173, without its limit on the length.
    """
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise KeyTextMalformed(rule="it must be all upper case or all lower case")
    prefix, _, letters = lower.rpartition("1")
    if not prefix or not all("!" <= letter <= "~" for letter in prefix):
        raise KeyTextMalformed(rule="it begins with the kind of key and the digit 1")
    if len(letters) < CHECKSUM or not VALUES.keys() >= set(letters):
        raise KeyTextMalformed(rule="after the kind of key stand letters of the Bech32 alphabet, six of them for the checksum")
    symbols = [VALUES[letter] for letter in letters]
    if _polymod([*_spread(prefix), *symbols]) != 1:
        raise KeyTextMalformed(rule="the checksum does not match, so a letter is wrong, missing or misplaced")
    data, rest, held = _regroup(symbols[:-CHECKSUM], 5, 8)
    if held >= 5 or rest:
        raise KeyTextMalformed(rule="the bits left over after the last byte are fewer than five, and zero")
    return text[: len(prefix)], bytes(data)


def _regroup(values: Iterable[int], size: int, wanted: int) -> tuple[list[int], int, int]:
    """`values` of `size` bits in groups of `wanted` bits, then the bits left over and their number."""
    groups: list[int] = []
    bits = held = 0
    for value in values:
        bits, held = bits << size | value, held + size
        while held >= wanted:
            held -= wanted
            groups.append(bits >> held)
            bits &= (1 << held) - 1
    return groups, bits, held


def _spread(prefix: str) -> list[int]:
    """The prefix as the checksum takes it in: high bits, a zero, low bits."""
    codes = prefix.encode("ascii")
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(symbols: Iterable[int]) -> int:
    """The remainder of the BCH code of BIP 173, as 30 bits."""
    remainder = 1
    for symbol in symbols:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ symbol
        for place, generator in enumerate(GENERATORS):
            if top >> place & 1:
                remainder ^= generator
    return remainder
