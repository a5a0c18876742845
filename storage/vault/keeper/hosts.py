"""Duties on worker hosts: the keeper alone says which machines they are, certifies them, and admits their connections."""

from __future__ import annotations

import base64
import binascii
import hashlib
import socket
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from storage.access import Action
from storage.catalog.worker_hosts import WorkerHost, all_hosts, disable_host, host_by_name
from storage.catalog.worker_hosts import add_host as add_row
from storage.clock import instant
from storage.errors import HostRefused, InvalidInput, KeyTextMalformed, NotFound
from storage.gate.certificates import Authority, host_name, public_key_of, require_host_name
from storage.vault.age import HybridRecipient
from storage.vault.keeper.acting import deed_of
from storage.vault.keeper.keeper import FIRST, Keeper
from storage.vault.keeper.protocol import Json
from storage.vault.keyring import KeyKind

__all__ = ["add_host", "admit", "certify", "host_of", "list_hosts", "shut_out"]


def add_host(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A machine whose workers may ask. name, public_key (Ed25519, hex), recipient (`age1pq1...`). Answer: host, certificate, authority, valid_to.

    Raises InvalidInput, NameTaken.
    """
    name, public_key = require_host_name(str(values["name"])), public_key_of(str(values["public_key"]))
    try:
        recipient = HybridRecipient.parse(str(values["recipient"])).text()
    except KeyTextMalformed as error:
        raise InvalidInput(what="recipient is a post-quantum recipient of age: age1pq1...") from error
    authority = authority_of(keeper)
    with deed_of(keeper, values, Action.MANAGE_HOSTS, {"host": name}) as deed:
        now = keeper.clock.now()
        certificate = authority.for_host(name, public_key, now, keeper.ids.salt(f"host/{name}"))
        new = WorkerHost(name, _sha256(certificate), recipient, now, certificate.not_valid_after_utc)
        add_row(deed.connection, new)
    return {
        "host": name,
        "certificate": certificate.public_bytes(Encoding.PEM).decode("ascii"),
        "authority": authority.pem,
        "valid_to": instant(new.valid_to),
    }


def list_hosts(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Every host: since and until when, whether it is shut out, and how many connections it has now."""
    with deed_of(keeper, values, Action.MANAGE_HOSTS, {}) as deed:
        hosts = all_hosts(deed.connection)
    listed: list[Json] = [
        {
            "host": host.name,
            "made_at": instant(host.made_at),
            "valid_to": instant(host.valid_to),
            "disabled_at": None if host.disabled_at is None else instant(host.disabled_at),
            "connections": keeper.admissions.count(host.name),
        }
        for host in hosts
    ]
    return {"hosts": listed}


def shut_out(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Refuse a host from now on, and end its connections. Raises NotFound where there is none of this name that is not shut out."""
    name = str(values["name"])
    with deed_of(keeper, values, Action.MANAGE_HOSTS, {"disabled": name}) as deed:
        disable_host(deed.connection, name, keeper.clock.now())
    keeper.admissions.cut(name)
    return {}


def certify(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A certificate for the key that a gate has made for itself. public_key: Ed25519, hex. Answer: certificate, authority (PEM)."""
    authority = authority_of(keeper)
    certificate = authority.for_gate(public_key_of(str(values["public_key"])), keeper.clock.now())
    return {"certificate": certificate.public_bytes(Encoding.PEM).decode("ascii"), "authority": authority.pem}


def admit(keeper: Keeper, values: dict[str, Json], connection: socket.socket) -> str:
    """The host that a connection of the gate's speaks for from now on. values: certificate (DER, base64), as TLS has proven it.

    It must be one that this instance issued, whose host is not shut out. Raises HostRefused; the connection is noted where it does not.
    """
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(str(values["certificate"]), validate=True))
        name = require_host_name(host_name(certificate))
    except (ValueError, IndexError, binascii.Error, InvalidInput) as error:
        raise HostRefused from error
    keeper.admissions.enter(name, connection)
    try:
        now = keeper.clock.now()
        with keeper.catalog.read() as reading:
            host = host_by_name(reading, name)
        if host is None or not _is_admitted(host, certificate, now) or not authority_of(keeper).has_issued(certificate, now):
            raise HostRefused
    except BaseException:
        keeper.admissions.leave(name, connection)
        raise
    return name


def host_of(keeper: Keeper, values: dict[str, Json]) -> WorkerHost:
    """The host whose worker asks; its name was put into the values when it was admitted. Raises NotFound."""
    with keeper.catalog.read() as connection:
        host = host_by_name(connection, str(values["host"]))
    if host is None or host.disabled_at is not None:
        raise NotFound
    return host


def authority_of(keeper: Keeper) -> Authority:
    """Whose key certifies hosts and gate."""
    info = keeper.keyring.ensure(KeyKind.HOSTS, FIRST, keeper.ids, keeper.clock)
    return Authority(keeper.settings.instance, keeper.keyring.secret(KeyKind.HOSTS, FIRST), datetime.fromisoformat(info.created))


def _is_admitted(host: WorkerHost, certificate: x509.Certificate, at: datetime) -> bool:
    return host.disabled_at is None and at <= host.valid_to and host.certificate_sha256 == _sha256(certificate)


def _sha256(certificate: x509.Certificate) -> str:
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
