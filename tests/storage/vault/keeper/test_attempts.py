"""How many sign-ins may fail before a name or an address waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage.vault.keeper.attempts import Attempts, Refusal

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HERE = "10.0.0.7"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_after_five_failures_within_a_quarter_of_an_hour_a_name_waits_as_long() -> None:
    attempts = Attempts()
    assert [attempts.begin("lan", HERE, at(minute)) for minute in (0, 3, 6, 9, 12)] == [None] * 5
    assert {attempts.begin("lan", f"10.0.0.{minute}", at(minute)) for minute in (12, 20, 26.9)} == {Refusal.NAME_WAITS}
    assert attempts.begin("minh", HERE, at(13)) is None
    assert [attempts.begin("lan", HERE, at(27)) for _ in range(6)] == [None] * 5 + [Refusal.NAME_WAITS], "waiting did not count"


def test_failures_far_apart_make_nobody_wait() -> None:
    attempts = Attempts()
    assert [attempts.begin("lan", HERE, at(4 * number)) for number in range(20)] == [None] * 20


def test_an_attempt_counts_until_it_has_succeeded_so_that_many_at_once_are_no_way_around() -> None:
    attempts = Attempts()
    assert [attempts.begin("lan", HERE, NOON) for _ in range(6)] == [None] * 5 + [Refusal.NAME_WAITS]
    attempts.succeeded("lan", HERE, NOON)
    assert attempts.begin("lan", HERE, NOON) is None
    assert attempts.begin("lan", HERE, NOON) is Refusal.NAME_WAITS


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        (HERE, HERE, "10.0.0.8"), ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
        ("::ffff:10.0.0.7", "::ffff:10.0.0.7", "::ffff:10.0.0.8"), (None, "", HERE),
    ],
)  # fmt: skip
def test_an_address_waits_a_minute_after_thirty_failures_whatever_the_names(address: str | None, same: str, other: str) -> None:
    attempts = Attempts()
    assert [attempts.begin(f"name {number}", address, at(number / 60)) for number in range(30)] == [None] * 30
    assert attempts.begin("lan", same, at(0.6)) is Refusal.ADDRESS_WAITS
    assert attempts.begin("lan", other, at(0.6)) is None
    assert attempts.begin("lan", same, at(1.49)) is None, "a minute after the last"


def test_what_another_process_saw_is_asked_for_once_and_counts() -> None:
    attempts, asked = Attempts(), []

    def seen() -> list[tuple[str, datetime]]:
        asked.append(1)
        return [("lan", at(minute)) for minute in range(5)]

    attempts.recall(seen)
    attempts.recall(seen)
    assert asked == [1]
    assert attempts.begin("lan", HERE, at(5)) is Refusal.NAME_WAITS


def test_names_without_end_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    attempts.recall(lambda: ((f"name {number}", NOON) for number in range(100_001)))
    attempts.recall(lambda: ())
    assert attempts.remembered == 100_000
    assert attempts.begin("lan", HERE, at(15)) is None
    assert attempts.remembered == 1, "what is older counts no more"
