"""A file is taken when it is quiet and whole, and one that never becomes whole is taken in the end."""

from __future__ import annotations

import pytest

from ingest.hot_folder.readiness import Patience, Sighting, Watched
from ingest.hot_folder.wholeness import Wholeness

PATIENCE = Patience(polls=2, quiet=30, deadline=600)
ONE, OTHER = Sighting(10, 1, 1), Sighting(11, 1, 1)


def _first_ready(found: Wholeness, changes: set[int] = frozenset(), until: int = 2000) -> int | None:
    """The second at which a file is taken that is looked at each second and changes at some."""
    size, watched = 10, Watched(ONE, 0)
    for now in range(1, until):
        size += now in changes
        watched.see(Sighting(size, 1, 1), now)
        if watched.is_ready(now, PATIENCE, lambda: found):
            return now
    return None


@pytest.mark.parametrize(("found", "second"), [(Wholeness.WHOLE, 2), (Wholeness.UNKNOWN, 30), (Wholeness.UNFINISHED, 600)])
def test_how_long_a_quiet_file_waits_depends_on_what_its_end_says(found: Wholeness, second: int) -> None:
    assert _first_ready(found) == second


@pytest.mark.parametrize(("found", "wait"), [(Wholeness.WHOLE, 2), (Wholeness.UNKNOWN, 30), (Wholeness.UNFINISHED, 600)])
def test_each_change_begins_the_wait_anew(found: Wholeness, wait: int) -> None:
    assert _first_ready(found, {1, 2, 20, 21}) == (2 + 2 if wait == 2 else 21 + wait)


def test_a_file_that_is_written_without_an_end_is_never_taken() -> None:
    assert _first_ready(Wholeness.WHOLE, {*range(1, 100, 2)}, until=100) is None


@pytest.mark.parametrize("other", [Sighting(11, 1, 1), Sighting(10, 2, 1), Sighting(10, 1, 2)], ids=["size", "modified", "changed"])
def test_any_difference_is_a_change(other: Sighting) -> None:
    watched = Watched(ONE, 0)
    watched.see(ONE, 1)
    watched.see(other, 2)
    watched.see(other, 3)
    assert not watched.is_ready(3, PATIENCE, lambda: Wholeness.WHOLE)
    watched.see(other, 4)
    assert watched.is_ready(4, PATIENCE, lambda: Wholeness.WHOLE)


def test_a_file_is_looked_into_once_for_each_state_and_not_before_it_is_quiet() -> None:
    looked = []

    def look() -> Wholeness:
        looked.append(1)
        return Wholeness.UNFINISHED

    watched = Watched(ONE, 0)
    for now in range(1, 20):
        watched.see(ONE if now < 10 else OTHER, now)
        watched.is_ready(now, PATIENCE, look)
        assert len(looked) == (now >= 2) + (now >= 12)
