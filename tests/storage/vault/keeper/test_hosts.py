"""Whom the keeper admits as a worker host, and when it no longer does."""

from __future__ import annotations

import base64
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from storage.errors import HostRefused, InvalidInput, NameTaken, NotAllowed, NotFound
from storage.gate.certificates import HOST_LASTS
from storage.gate.joining import new_keys
from storage.vault.keeper import hosts
from storage.vault.keeper.protocol import Json
from tests.storage.vault.keeper.keeper_house import House


def added(house: House, name: str = "worker-1") -> dict[str, Json]:
    key, _, identity = new_keys()
    told: dict[str, Json] = {"name": name, "public_key": key.public_key().public_bytes_raw().hex(), "recipient": identity.recipient().text()}
    return hosts.add_host(house.keeper, house.officer() | told)


def shown(certificate: Json) -> dict[str, Json]:
    """What the gate shows of a host."""
    raw = x509.load_pem_x509_certificate(str(certificate).encode()).public_bytes(Encoding.DER)
    return {"certificate": base64.b64encode(raw).decode()}


def test_a_host_is_admitted_until_its_certificate_ends(house: House) -> None:
    certificate = shown(added(house)["certificate"])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert hosts.admit(house.keeper, certificate, ours) == "worker-1"
        assert house.keeper.admissions.count("worker-1") == 1
        house.clock.set(house.clock.now() + HOST_LASTS + timedelta(seconds=1))
        with pytest.raises(HostRefused):
            hosts.admit(house.keeper, certificate, ours)


def test_a_host_that_is_shut_out_is_refused_and_its_name_is_nobodys_again(house: House) -> None:
    certificate = shown(added(house)["certificate"])
    hosts.shut_out(house.keeper, house.officer() | {"name": "worker-1"})
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(HostRefused):
        hosts.admit(house.keeper, certificate, ours)
    (listed,) = hosts.list_hosts(house.keeper, house.officer())["hosts"]  # type: ignore[misc, union-attr]
    assert isinstance(listed, dict) and listed["disabled_at"] is not None
    with pytest.raises(NotFound):
        hosts.shut_out(house.keeper, house.officer() | {"name": "worker-1"})
    with pytest.raises(NameTaken):
        added(house)


def test_a_connection_that_is_judged_while_its_host_is_shut_out_is_refused_or_cut(house: House) -> None:
    for number in range(30):
        certificate, officer = shown(added(house, f"worker-{number}")["certificate"]), house.officer() | {"name": f"worker-{number}"}
        ours, theirs = socket.socketpair()
        theirs.settimeout(10)
        with ours, theirs, ThreadPoolExecutor(1) as pool:
            both = Barrier(2)

            def shut_out(officer: dict[str, Json] = officer, both: Barrier = both) -> None:
                both.wait()
                hosts.shut_out(house.keeper, officer)

            shutting = pool.submit(shut_out)
            both.wait()
            try:
                hosts.admit(house.keeper, certificate, ours)
            except HostRefused:
                shutting.result()
            else:
                shutting.result()
                assert theirs.recv(1) == b"", number


def test_a_certificate_that_is_not_the_one_that_was_issued_to_a_host_is_refused(house: House) -> None:
    first = added(house)
    key, _, _ = new_keys()
    again = hosts.authority_of(house.keeper).for_host("worker-1", key.public_key(), house.clock.now(), b"another")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for wrong in (again.public_bytes(Encoding.PEM).decode(), first["authority"]):
            with pytest.raises(HostRefused):
                hosts.admit(house.keeper, shown(wrong), ours)
        for raw in ("", "!", base64.b64encode(b"x").decode(), 7, None):
            with pytest.raises(HostRefused):
                hosts.admit(house.keeper, {"certificate": raw}, ours)
        assert house.keeper.admissions.count("worker-1") == 0


def test_a_row_that_somebody_wrote_admits_nobody(house: House) -> None:
    """Whoever writes the catalog without the keeper has no key of its authority's."""
    certificate = added(house)["certificate"]
    of_another = hosts.Authority("x" * 26, b"\5" * 32, house.clock.now())
    key, _, _ = new_keys()
    forged = of_another.for_host("worker-1", key.public_key(), house.clock.now(), b"")
    sha256 = hosts._sha256(forged)
    house.tamper("UPDATE worker_host SET certificate_sha256 = :sha256", sha256=sha256)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for shown_one in (certificate, forged.public_bytes(Encoding.PEM).decode()):
            with pytest.raises(HostRefused):
                hosts.admit(house.keeper, shown(shown_one), ours)


def test_hosts_are_an_administrators_matter_and_stand_in_the_log(house: House) -> None:
    added(house)
    for act in (hosts.list_hosts, lambda keeper, values: hosts.shut_out(keeper, values | {"name": "worker-1"})):
        with pytest.raises(NotAllowed):
            act(house.keeper, house.person("archivist" + str(id(act)), "archivist"))
    assert [row.action for row in house.rows()].count("manage-hosts") == 3


@pytest.mark.parametrize("wrong", [{"name": "a/b"}, {"name": ""}, {"public_key": "x"}, {"public_key": "00"}, {"recipient": "age1x"}])
def test_what_is_no_host_is_refused(house: House, wrong: dict[str, Json]) -> None:
    key, _, identity = new_keys()
    told: dict[str, Json] = {"name": "a", "public_key": key.public_key().public_bytes_raw().hex(), "recipient": identity.recipient().text()}
    with pytest.raises(InvalidInput):
        hosts.add_host(house.keeper, house.officer() | told | wrong)
    assert hosts.list_hosts(house.keeper, house.officer())["hosts"] == []


def test_an_instance_of_an_earlier_version_gets_its_authority_when_it_is_needed_and_keeps_it(house: House) -> None:
    for path in house.keeper.home.keys.glob("*.key"):
        if b'"hosts"' in path.read_bytes():
            path.unlink()
    house.start()
    authority = added(house)["authority"]
    house.start()
    assert added(house, "worker-2")["authority"] == authority
