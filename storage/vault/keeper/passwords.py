"""What is a password, which ones are too easily guessed, and the hash of one that the catalog may hold."""

from __future__ import annotations

import hmac
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from argon2.exceptions import VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret

from classification.text import fold
from storage.errors import PasswordRefused, TooManySignIns

__all__ = ["Password", "Pepper"]

SHORTEST, LONGEST = 12, 200
"""Characters, after normalisation. NIST SP 800-63B-4 section 3.1.1.2 wants 8 beside a second factor, 15 without, and no composition of kinds."""

_TYPED = 5 * LONGEST
"""Characters looked at: NFC joins no more than four into one, so that what is cut stays too long."""

_MEMORY, _PASSES, _LANES, _HASH, _SALT = 64 << 10, 3, 4, 32, 16
"""KiB, passes, lanes, bytes. Source: RFC 9106 section 4, second recommended option."""

_AT_ONCE, _WAITING = 2, 10
"""Hashes that may be made at the same time (64 MiB each), and sign-ins that may wait for one or have it: more are refused, not queued."""

_LEFT, _DIFFERENT = 8, 5
_GUESSED: Final = """
    0123456789 9876543210 1234567890 0987654321 123456789 987654321 12345678 87654321 1234567 123456 654321 12345 1234 4321 123123 112233 123321
    abcdefghijklmnopqrstuvwxyz abcdefgh abcdef abcd abc123 1q2w3e4r5t 1q2w3e4r 1qaz2wsx qazwsxedc qwertyuiop qwerty asdfghjkl asdfgh zxcvbnm
    zxcvbn !@#$%^&*() !@#$%^&* !@#$% password passw0rd p@ssw0rd p@ssword letmein welcome administrator admin root login iloveyou princess
    sunshine football baseball monkey dragon master superman batman shadow trustno1 starwars whatever secret changeme default
    matkhaumoi matkhau anhyeuem emyeuanh khongbiet khongcho vietnam hanoi saigon hochiminh giadinh conyeu thanhcong hanhphuc
    quantri vankho luutru taikhoan dangnhap 2018 2019 2020 2021 2022 2023 2024 2025 2026 2027
"""
"""What guesses are made of, as `_plain` leaves it: the heads of lists of leaked passwords, rows of keys, words of this house."""

_COMMON: Final = sorted(_GUESSED.split(), key=len, reverse=True)


class Password:
    """A password as it was typed, brought to the one form in which it is compared. It prints nothing of itself.

    Source: RFC 8265 section 4.2 (OpaqueString), without the joiners that PRECIS allows in their contexts.
    """

    __slots__ = ("_text",)

    def __init__(self, typed: str) -> None:
        spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in typed[:_TYPED])
        self._text = unicodedata.normalize("NFC", spaced)

    @property
    def is_possible(self) -> bool:
        """Whether anyone can have it."""
        kinds = {unicodedata.category(char) for char in self._text}
        return SHORTEST <= len(self._text) <= LONGEST and not any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds)

    def require_good(self, name: str) -> None:
        """Refuse what cannot be a password, and what is little more than her name or what is guessed first. Raises PasswordRefused.

        Source: NIST SP 800-63B-4 section 3.1.1.2.
        """
        rest = _plain(self._text)
        for piece in (_plain(name), *_COMMON):
            rest = rest.replace(piece, "") if piece else rest
        if not self.is_possible or len(rest) < _LEFT or len(set(rest)) < _DIFFERENT:
            raise PasswordRefused(shortest=SHORTEST, longest=LONGEST)

    def keyed(self, pepper: bytes | memoryview) -> bytes:
        """32 bytes that are the password's under this key."""
        return hmac.digest(bytes(pepper), self._text.encode("utf-8", "surrogatepass"), "sha256")


class Pepper:
    """Makes and checks hashes. They take the keeper's key as well, so that whoever has the catalog's rows alone cannot guess at them.

    Source: NIST SP 800-63B-4 section 3.1.1.2 (keyed hashing with a key held elsewhere); RFC 9106 for Argon2id.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hash(self, password: Password, salt: bytes) -> str:
        """The hash of a password as a PHC string. salt: at least 16 bytes. Raises TooManySignIns."""
        with _turn():
            return hash_secret(password.keyed(self._key), salt[:_SALT], _PASSES, _MEMORY, _LANES, _HASH, Type.ID).decode("ascii")

    def matches(self, password: Password, phc: str | None) -> bool:
        """Whether this is the password of the hash. None takes as long as any other and is nobody's. Raises TooManySignIns."""
        with _turn():
            try:
                verify_secret((phc or _NOBODY).encode("ascii"), password.keyed(self._key), Type.ID)
            except VerifyMismatchError:
                return False
        return phc is not None


_NOBODY: Final = f"$argon2id$v=19$m={_MEMORY},t={_PASSES},p={_LANES}${'A' * 22}${'A' * 43}"
_waiting, _hashing = threading.BoundedSemaphore(_WAITING), threading.BoundedSemaphore(_AT_ONCE)


@contextmanager
def _turn() -> Iterator[None]:
    if not _waiting.acquire(blocking=False):
        raise TooManySignIns
    try:
        with _hashing:
            yield
    finally:
        _waiting.release()


def _plain(text: str) -> str:
    """As somebody guesses: without case, marks and spaces."""
    return fold(text).replace(" ", "")
