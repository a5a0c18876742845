"""Certificates of an instance's own authority: one for its gate, one for each worker host. The authority's key is the keeper's.

All keys are Ed25519. The authority certifies nothing else and is trusted nowhere else, so no certificate names an address: the gate bears a name
made of the instance's id, a worker host the name that it was given.
Source: RFC 5280, RFC 8410.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from storage.errors import InvalidInput

__all__ = ["HOST_LASTS", "Authority", "gate_name", "host_name", "public_key_of", "require_host_name"]

HOST_LASTS: Final = timedelta(days=5 * 365)
"""How long a worker host's certificate counts."""

_GATE_LASTS: Final = timedelta(days=30)
_SKEW: Final = timedelta(days=1)
"""By how much a clock may be behind the main host's."""

_NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_HOST_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def gate_name(instance: str) -> str:
    """The name in the certificate of an instance's gate, whatever address it is reached at."""
    return f"gate.{instance}.vankho.internal"


def require_host_name(text: str) -> str:
    """The name of a worker host: it stands in the log, in its certificate, and before the names of its workers in the queue. Raises InvalidInput."""
    if not _HOST_NAME.fullmatch(text):
        raise InvalidInput(what="The name of a worker host has 1 to 32 lower-case letters, digits and '-', and begins with a letter or digit.")
    return text


def public_key_of(text: str) -> Ed25519PublicKey:
    """The public key that `text` (64 hex digits) is. Raises InvalidInput."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as error:
        raise InvalidInput(what="public_key is an Ed25519 public key: 64 hex digits.") from error


class Authority:
    """Issues certificates, and knows its own again. seed: the 32 bytes of its key. since: when the key was made."""

    def __init__(self, instance: str, seed: bytes | memoryview, since: datetime) -> None:
        self._instance, self._key = instance, Ed25519PrivateKey.from_private_bytes(seed)
        self._certificate = self._own(since)

    @property
    def pem(self) -> str:
        """The authority's own certificate, always the same."""
        return self._certificate.public_bytes(Encoding.PEM).decode("ascii")

    def for_gate(self, public_key: Ed25519PublicKey, at: datetime) -> x509.Certificate:
        """One that a gate proves its name with."""
        builder = self._builder("gate", public_key, at, at + _GATE_LASTS, ExtendedKeyUsageOID.SERVER_AUTH, x509.random_serial_number())
        named = x509.SubjectAlternativeName([x509.DNSName(gate_name(self._instance))])
        return builder.add_extension(named, critical=False).sign(self._key, None)

    def for_host(self, name: str, public_key: Ed25519PublicKey, at: datetime, salt: bytes) -> x509.Certificate:
        """One that a worker host proves its name with, until HOST_LASTS from now. salt: random bytes, of which its serial number is made."""
        return self._builder(name, public_key, at, at + HOST_LASTS, ExtendedKeyUsageOID.CLIENT_AUTH, _serial(salt)).sign(self._key, None)

    def has_issued(self, certificate: x509.Certificate, at: datetime) -> bool:
        """Whether it is one of its own for a worker host, and counts at `at`."""
        try:
            certificate.verify_directly_issued_by(self._certificate)
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (InvalidSignature, TypeError, ValueError, x509.ExtensionNotFound):
            return False
        return ExtendedKeyUsageOID.CLIENT_AUTH in usage and certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc

    def _own(self, since: datetime) -> x509.Certificate:
        public, name = self._key.public_key(), self._name("authority")
        usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)  # certificates alone
        return (
            _bare(name, name, public, _serial(public.public_bytes_raw()), since - _SKEW, _NEVER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, None)
        )

    def _builder(
        self, name: str, public_key: Ed25519PublicKey, at: datetime, until: datetime, use: x509.ObjectIdentifier, serial: int
    ) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)  # signatures alone
        return (
            _bare(self._certificate.subject, self._name(name), public_key, serial, at - _SKEW, until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _name(self, common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"vankho {self._instance}"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def host_name(certificate: x509.Certificate) -> str:
    """The name that a worker host's certificate bears."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _bare(
    issuer: x509.Name, subject: x509.Name, public_key: Ed25519PublicKey, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().issuer_name(issuer).subject_name(subject).public_key(public_key).serial_number(serial)
    return builder.not_valid_before(start).not_valid_after(end)


def _serial(source: bytes) -> int:
    """The same for the same bytes: the authority's own certificate is made anew at each use, and is to be one."""
    return int.from_bytes(hashlib.sha256(source).digest()[:16]) | 1
