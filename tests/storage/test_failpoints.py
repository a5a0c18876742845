"""Failpoints strike where they are told to, once, and are nothing otherwise."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Iterator

import pytest

from storage.errors import InvalidInput
from storage.failpoints import arm, arm_from_environment, disarm, failpoint

WALK = ("one.1 open", "one.1 write", "two.1 open", "one.1 open")


@pytest.fixture(autouse=True)
def _always_disarmed() -> Iterator[None]:
    disarm()
    yield
    disarm()


def struck_at() -> list[int]:
    """The places in WALK, from 1, at which a point raises."""
    places = []
    for place, name in enumerate(WALK, 1):
        try:
            failpoint(name)
        except OSError:
            places.append(place)
    return places


def test_points_are_nothing_until_armed() -> None:
    assert struck_at() == []
    assert disarm() == ()


@pytest.mark.parametrize(
    ("spec", "places"),
    [
        ("eio@1", [1]),
        ("eio@3", [3]),
        ("eio@5", []),
        ("eio@one.1", [1]),
        ("eio@two.1", [3]),
        ("eio@one.1 write", [2]),
        ("eio@one.1 open", [1]),
        ("eio@one", []),
        ("count", []),
    ],
)
def test_a_point_strikes_once_where_it_is_told_to(spec: str, places: list[int]) -> None:
    arm(spec)
    assert struck_at() == places


@pytest.mark.parametrize(("act", "number"), [("eio", errno.EIO), ("enospc", errno.ENOSPC)])
def test_the_error_is_the_kernels(act: str, number: int) -> None:
    arm(f"{act}@1")
    with pytest.raises(OSError) as raised:
        failpoint("one.1 open")
    assert raised.value.errno == number


def test_the_points_passed_are_told_in_order() -> None:
    arm("count")
    struck_at()
    assert disarm() == WALK
    struck_at()
    assert disarm() == ()


def test_arming_again_counts_from_one() -> None:
    arm("eio@2")
    failpoint("one.1 open")
    arm("eio@2")
    assert struck_at() == [2]


@pytest.mark.parametrize("spec", ["", "kill", "kill@", "stop@1", "kill@1\n", "count@1"])
def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    with pytest.raises(InvalidInput):
        arm(spec)


def test_the_environment_arms_if_it_says_so() -> None:
    arm_from_environment({})
    assert struck_at() == []
    arm_from_environment({"VANKHO_FAILPOINT": "eio@two.1"})
    assert struck_at() == [3]


def test_kill_ends_this_process_and_no_other() -> None:
    program = "from storage.failpoints import *; arm('kill@2'); failpoint('a.1 x'); print('passed', flush=True); failpoint('a.2 y'); print('lived')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (-9, "passed\n")
