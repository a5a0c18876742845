"""What the authority of an instance issues, and what it takes for its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.gate.certificates import HOST_LASTS, Authority, host_name

SINCE = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
INSTANCE = "i" * 26
KEY = Ed25519PrivateKey.generate().public_key()


def authority(seed: int = 1) -> Authority:
    return Authority(INSTANCE, bytes([seed]) * 32, SINCE)


def test_its_own_certificate_is_the_same_each_time_it_is_made() -> None:
    assert authority().pem == authority().pem != authority(2).pem


def test_a_hosts_certificate_counts_until_its_end_and_for_no_other_authority() -> None:
    certificate = authority().for_host("worker-1", KEY, SINCE, b"")
    assert host_name(certificate) == "worker-1"
    end = SINCE + HOST_LASTS
    assert all(authority().has_issued(certificate, at) for at in (SINCE, end))
    assert not any(authority().has_issued(certificate, at) for at in (SINCE - timedelta(days=2), end + timedelta(seconds=1)))
    assert not authority(2).has_issued(certificate, SINCE)


def test_the_gates_own_certificate_makes_nobody_a_host() -> None:
    assert not authority().has_issued(authority().for_gate(KEY, SINCE), SINCE)
