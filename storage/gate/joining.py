"""The joining file: what a machine needs to work for an instance from elsewhere. Made by `vankho host add`, carried over by hand, read strictly."""

from __future__ import annotations

import dataclasses
import json
import os
import ssl
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from storage.errors import FileUnusable, InvalidInput, KeyTextMalformed
from storage.gate.certificates import host_name, require_host_name
from storage.gate.tls import client_context
from storage.home import Home
from storage.servers import SHARED_PARTS
from storage.settings import Settings, read_settings_text, settings_text
from storage.vault.age import HybridIdentity

__all__ = ["Joining", "address_of", "new_keys", "read_joining", "settings_for_hosts", "write_settings"]

_FORMAT: Final = 1
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Joining:
    """A host's own secrets, and where everything is.

    host: its name. gate: `HOST:PORT`. authority, certificate, key: PEM. identity: `AGE-SECRET-KEY-PQ-1...`; what the keeper hands to the host's
    workers is sealed to it. settings: `vankho.toml` without what is the main host's alone. trust: for a part on a server the PEM of the
    authority to believe.
    """

    host: str
    gate: str
    authority: str
    certificate: str
    key: str
    identity: str
    settings: str
    trust: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Joining({self.host!r})"

    @property
    def text(self) -> str:
        """The file's content."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"

    @property
    def gate_address(self) -> tuple[str, int]:
        """Name or address, and port."""
        return address_of(self.gate)


def new_keys() -> tuple[Ed25519PrivateKey, str, HybridIdentity]:
    """The keys of a new host: the one that it proves its name with, the same as PEM, and the one that is sealed to."""
    key = Ed25519PrivateKey.generate()
    return key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"), HybridIdentity.generate()


def read_joining(path: Path) -> Joining:
    """The file at `path`, which is to be its owner's alone.

    Raises FileUnusable where it cannot be read or others can, and InvalidInput, which names what is wrong with it and quotes none of it.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise FileUnusable(path=str(path), why="others on this machine may read it; chmod 600")
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise FileUnusable(path=str(path), why=error.strerror or "?") from error
    return _parsed(raw)


def settings_for_hosts(settings: Settings) -> str:
    """What worker hosts are told of an instance: nothing of the closed index, which is the keeper's alone. Raises NotOnServers."""
    settings.require_on_servers()
    return settings_text(replace(settings, servers={part: settings.servers[part] for part in SHARED_PARTS}))


def write_settings(joining: Joining, home: Home) -> None:
    """Lay them down where a worker reads them. Raises InvalidInput where they are not settings, and NotOnServers."""
    read_settings_text(home, joining.settings).require_on_servers()
    home.trust.mkdir(mode=0o700, exist_ok=True)
    for part in SHARED_PARTS:
        if part in joining.trust:
            home.authority(part).write_text(joining.trust[part], "ascii")
        else:
            home.authority(part).unlink(missing_ok=True)
    home.configuration.write_text(joining.settings, "utf-8")


def address_of(text: str) -> tuple[str, int]:
    """`HOST:PORT`, an IPv6 address in brackets. Raises InvalidInput."""
    name, _, port = text.rpartition(":")
    name = name.removeprefix("[").removesuffix("]")
    if not name or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536 or len(port) > 5:
        raise InvalidInput(what="An address is a name or an IP address and a port: main.example:8788, 10.0.0.5:8788, [fd00::5]:8788.")
    return name, int(port)


def _parsed(raw: bytes) -> Joining:
    try:
        content = json.loads(raw) if len(raw) <= _LARGEST else None
    except (ValueError, RecursionError):
        content = None
    fields = {field.name for field in dataclasses.fields(Joining)}
    if not isinstance(content, dict) or repr(content.pop("format", None)) != repr(_FORMAT) or set(content) != fields:
        raise _refused("it is not one that this version of Vankho has made")
    trust = content.pop("trust")
    texts = isinstance(trust, dict) and all(isinstance(value, str) for value in (*trust.values(), *content.values()))
    if not texts or not set(trust) <= set(SHARED_PARTS):
        raise _refused("a value in it is not what it should be")
    joining = Joining(**content, trust=trust)
    _require_sound(joining)
    return joining


def _require_sound(joining: Joining) -> None:
    """Each part is what it says, and they belong together."""
    require_host_name(joining.host)
    address_of(joining.gate)
    try:
        HybridIdentity.parse(joining.identity)
        certificate = x509.load_pem_x509_certificate(joining.certificate.encode("ascii"))
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(joining.authority.encode("ascii")))
        key = load_pem_private_key(joining.key.encode("ascii"), None)
        if not isinstance(key, Ed25519PrivateKey) or key.public_key() != certificate.public_key() or host_name(certificate) != joining.host:
            raise ValueError("another host's")
        if certificate.not_valid_after_utc < datetime.now(UTC):
            raise _refused(f"its certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}")
        client_context(joining.authority, joining.certificate, joining.key.encode("ascii"))
        for authority in joining.trust.values():
            x509.load_pem_x509_certificates(authority.encode("ascii"))
    except (KeyTextMalformed, ValueError, TypeError, IndexError, InvalidSignature, ssl.SSLError) as error:
        raise _refused("its keys and certificates do not belong together") from error


def _refused(why: str) -> InvalidInput:
    return InvalidInput(what=f"The joining file cannot be used: {why}. Make another on the main host with `vankho host add`.")
