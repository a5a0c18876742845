"""Passwords: one form, no first guesses, hashes that are worth nothing without the keeper's key, and bounded work."""

from __future__ import annotations

import resource
import threading
import time
import unicodedata

import pytest

from storage.errors import PasswordRefused, TooManySignIns
from storage.vault.keeper.passwords import Password, Pepper

GOOD = "bốn con trâu ăn cỏ non"
SALT = b"0123456789abcdef"


@pytest.fixture(scope="module")
def pepper() -> Pepper:
    return Pepper(b"k" * 32)


@pytest.fixture(scope="module")
def phc(pepper: Pepper) -> str:
    return pepper.hash(Password(GOOD), SALT)


def test_a_hash_is_argon2id_with_the_second_parameters_of_its_rfc(phc: str) -> None:
    assert phc.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert len(phc) <= 200, "as long as a fact may be"


def test_the_right_password_matches_however_it_was_typed(pepper: Pepper, phc: str) -> None:
    typed = unicodedata.normalize("NFD", GOOD).replace(" ", "\N{NO-BREAK SPACE}")
    assert typed != GOOD
    assert pepper.matches(Password(typed), phc)


@pytest.mark.parametrize("other", [GOOD.upper(), f" {GOOD}", GOOD[:-1], "", "\ud800", GOOD + "\x00"])
def test_another_password_does_not(pepper: Pepper, phc: str, other: str) -> None:
    assert not pepper.matches(Password(other), phc)


def test_without_the_keepers_key_a_hash_is_nobodys(phc: str) -> None:
    assert not Pepper(b"x" * 32).matches(Password(GOOD), phc)


def test_nobodys_hash_matches_nothing_and_takes_as_long(pepper: Pepper, phc: str) -> None:
    def work(against: str | None) -> float:
        start = time.process_time()
        assert not pepper.matches(Password("sai mật khẩu rồi"), against)
        return time.process_time() - start

    known, unknown = (min(work(against) for _ in range(4)) for against in (phc, None))
    assert 0.5 < unknown / known < 2


@pytest.mark.parametrize(
    "bad",
    [
        "bốn con trâ", "một " * 51, "bốn con trâu\n", "bốn con trâu\u200b", "bốn con trâu\ue000", "\ud800 con trâu ăn cỏ", "mười lăm con tr\u2028âu",
        "Trần Thị Lan", "tranthilan 2026", "Tran Thi Lan!!!", "TRẦN THỊ LAN TRẦN THỊ LAN",
        "password1234", "P@ssw0rd2026!", "matkhau123456", "Mật khẩu 12345678", "123456789012", "qwertyuiop12", "!@#$%^&*()12", "aaaaaaaaaaaaaaaa",
        "ababababababab", "anhyeuem1234", "vankho luu tru 2026", "abcdefghijkl",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(bad: str) -> None:
    with pytest.raises(PasswordRefused) as refused:
        Password(bad).require_good("Trần Thị Lan")
    for lang in ("vi", "en"):
        assert bad not in refused.value.detail(lang)


@pytest.mark.parametrize("good", [GOOD, "bốn con trâu", "correct horse battery", "kỳ lạ: 7 ngôi sao", "长城万里故宫博物院北京南京", "x9!Kq2#vLp0Z"])
def test_what_is_not_is_taken_without_rules_of_composition(good: str) -> None:
    Password(good).require_good("Trần Thị Lan")


def test_what_is_far_too_long_costs_no_more_to_refuse(pepper: Pepper, phc: str) -> None:
    endless = "e\u0302\u0301" * 10_000_000
    start = time.process_time()
    assert not pepper.matches(Password(endless), phc)
    with pytest.raises(PasswordRefused):
        Password(endless).require_good("lan")
    assert time.process_time() - start < 5


def test_a_password_prints_nothing_of_itself() -> None:
    assert GOOD not in repr(Password(GOOD)) + str(Password(GOOD)) + f"{[Password(GOOD)]}"


def test_many_sign_ins_at_once_take_turns_and_too_many_are_refused(pepper: Pepper, phc: str) -> None:
    before, outcomes, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, [], threading.Barrier(40)

    def sign_in() -> None:
        start.wait()
        try:
            outcomes.append(pepper.matches(Password(GOOD), phc))
        except TooManySignIns:
            outcomes.append(None)

    threads = [threading.Thread(target=sign_in) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(True) >= 10
    assert outcomes.count(None) >= 1
    assert outcomes.count(True) + outcomes.count(None) == 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10, "KiB: two hashes of 64 MiB, not forty"
