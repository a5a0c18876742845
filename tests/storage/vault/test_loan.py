"""A loan opens for the worker alone, and lends parts of its own record alone."""

from __future__ import annotations

import io
import json

import pytest

from storage.errors import DamagedPayload, KeyNotRight
from storage.ids import BlobId, RecordId
from storage.vault.age import HybridIdentity, seal
from storage.vault.loan import Loan

TRANSIT, OTHER = HybridIdentity(bytes(range(32))), HybridIdentity(bytes(32))
RECORD = RecordId("a" * 26)
LOAN = Loan(RECORD, {BlobId("b" * 26): b"k" * 16, BlobId("c" * 26): b"l" * 16}, by_person=True, password=b"sealed words")


@pytest.mark.parametrize("loan", [LOAN, Loan(RECORD, {}, by_person=False)])
def test_what_was_lent_comes_back(loan: Loan) -> None:
    assert Loan.opened(loan.sealed(TRANSIT.recipient()), RECORD, TRANSIT) == loan


def test_a_loan_opens_for_transit_alone_and_shows_nothing_before() -> None:
    sealed = LOAN.sealed(TRANSIT.recipient())
    with pytest.raises(KeyNotRight):
        Loan.opened(sealed, RECORD, OTHER)
    assert RECORD.encode() not in sealed


def test_a_loan_put_into_another_record_s_row_is_refused() -> None:
    with pytest.raises(DamagedPayload):
        Loan.opened(LOAN.sealed(TRANSIT.recipient()), RecordId("d" * 26), TRANSIT)


@pytest.mark.parametrize(
    "values",
    [
        b"",
        b"a password",
        b"[]",
        b"{}",
        json.dumps({"record": RECORD, "keys": [], "by_person": True, "password": None}).encode(),
        json.dumps({"record": RECORD, "keys": {"b": 1}, "by_person": True, "password": None}).encode(),
        json.dumps({"record": RECORD, "keys": {"b": "?"}, "by_person": True, "password": None}).encode(),
    ],
)
def test_what_is_sealed_to_transit_and_is_no_loan_is_refused_as_damaged(values: bytes) -> None:
    target = io.BytesIO()
    seal(io.BytesIO(values), target, [TRANSIT.recipient()])
    with pytest.raises(DamagedPayload):
        Loan.opened(target.getvalue(), RECORD, TRANSIT)
