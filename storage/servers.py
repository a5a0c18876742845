"""Where a part of an instance lies when it lies on a server: its address, who asks, and whom to believe."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from storage.errors import InvalidInput

__all__ = ["PARTS", "SHARED_PARTS", "Credential", "Part", "Server", "read_server"]

Part = str
"""One of PARTS: what an option of `init` and a key of `vankho.toml` name."""

_SCHEMES: Final = {"catalog": ("postgresql",), "index": ("https", "http"), "store": ("s3",), "closed_index": ("https", "http")}

PARTS: Final = tuple(_SCHEMES)
"""What may lie on servers; where nothing is named, it is embedded."""

SHARED_PARTS: Final = tuple(part for part in PARTS if part != "closed_index")
"""Those that api and worker reach. The server of the closed index is the keeper's alone."""

_PORTS: Final = {"postgresql": 5432, "https": 9200, "http": 9200}
_OPTIONS: Final = {"postgresql": {"ca"}, "https": {"ca"}, "http": set[str](), "s3": {"ca", "endpoint", "region"}}
_ENDPOINT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Credential:
    """Who asks. user: a role, a user, or the id of an access key. password: what proves it; never printed, never in an address."""

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credential({self.user!r})"


@dataclass(frozen=True, slots=True)
class Server:
    """A server, or a cluster of them.

    hosts: name and port of each. path: the database, or the bucket with what its keys begin with. ca: PEM file of the only authority to believe;
    None for those that the machine believes. endpoint, region: of a store, `https://host:port` and the name that requests are signed for.
    credential: None where the address alone is known.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    path: str = ""
    ca: Path | None = None
    endpoint: str | None = None
    region: str = "us-east-1"
    credential: Credential | None = None

    @property
    def text(self) -> str:
        """The address as `vankho.toml` holds it: without credential. `read_server` reads it again."""
        options = {"endpoint": self.endpoint, "region": None if self.scheme != "s3" else self.region, "ca": None if self.ca is None else str(self.ca)}
        given = urlencode({name: value for name, value in options.items() if value is not None}, safe="/:")
        places = self.path if self.scheme == "s3" else ",".join(f"{_bracketed(name)}:{port}" for name, port in self.hosts)
        rest = "" if self.scheme == "s3" or not self.path else f"/{quote(self.path)}"
        return f"{self.scheme}://{places}{rest}{'?' + given if given else ''}"

    @property
    def urls(self) -> tuple[str, ...]:
        """One address for each host, as an HTTP client wants it."""
        return tuple(f"{self.scheme}://{_bracketed(name)}:{port}" for name, port in self.hosts)

    @property
    def ports(self) -> frozenset[int]:
        """The TCP ports that a process must be able to reach."""
        return frozenset(port for _, port in self.hosts)

    def with_credential(self, credential: Credential) -> Server:
        """The same, asked by someone else."""
        return replace(self, credential=credential)


def read_server(part: Part, text: str) -> Server:
    """The server that an address names, with the credential in it, if there is one.

        postgresql://USER:PASSWORD@HOST[:PORT]/DATABASE[?ca=FILE]
        https://USER:PASSWORD@HOST[:PORT][,HOST[:PORT]]...[?ca=FILE]
        s3://KEY:SECRET@BUCKET[/PREFIX]?endpoint=https://HOST[:PORT][&region=NAME][&ca=FILE]

    User and password percent-encoded. Raises InvalidInput, which names the part and never the password, for an address that says something
    else, and for one that would send documents or passwords in clear over a network.
    """
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES[part]:
        raise _refused(part, f"it begins with {' or '.join(f'{one}://' for one in _SCHEMES[part])}")
    person, _, place = rest.rpartition("@")
    place, _, query = place.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(set(options) - _OPTIONS[scheme]):
        raise _refused(part, f"it has the option {unknown[0]}, which Vankho does not know")
    user, colon, password = person.partition(":")
    credential = Credential(unquote(user), unquote(password)) if colon else None
    ca = Path(options["ca"]).absolute() if "ca" in options else None
    if ca is not None and not ca.is_file():
        raise _refused(part, f"there is no file {ca}")
    if scheme == "s3":
        return _store(part, place, options, ca, credential)
    named, _, path = place.partition("/")
    hosts = tuple(_host(part, one, _PORTS[scheme]) for one in named.split(","))
    if scheme == "postgresql" and (not path or len(hosts) > 1):
        raise _refused(part, "it names one host and one database")
    if scheme != "postgresql" and path:
        raise _refused(part, "nothing follows the hosts but ?ca=FILE")
    if scheme == "http":
        _require_loopback(part, hosts)
    return Server(scheme, hosts, unquote(path), ca, credential=credential)


def _store(part: Part, place: str, options: dict[str, str], ca: Path | None, credential: Credential | None) -> Server:
    endpoint = urlsplit(options.get("endpoint", ""))
    if endpoint.scheme not in _ENDPOINT_PORTS or not endpoint.hostname or endpoint.path.strip("/") or not place.strip("/"):
        raise _refused(part, "it names a bucket and endpoint=https://HOST:PORT")
    hosts = (_host(part, endpoint.netloc, _ENDPOINT_PORTS[endpoint.scheme]),)
    if endpoint.scheme == "http":
        _require_loopback(part, hosts)
    name, port = hosts[0]
    address = f"{endpoint.scheme}://{_bracketed(name)}:{port}"
    return Server("s3", hosts, place.strip("/"), ca, address, options.get("region", "us-east-1"), credential)


def _host(part: Part, text: str, port: int) -> tuple[str, int]:
    try:
        split = urlsplit(f"//{text}")
        name, given = split.hostname, split.port
    except ValueError as error:
        raise _refused(part, "a host is a name or an address, and a port a number") from error
    if not name:
        raise _refused(part, "it names no host")
    return name, given or port


def _require_loopback(part: Part, hosts: tuple[tuple[str, int], ...]) -> None:
    """Without TLS a password and all that is searched for would travel in clear."""
    for name, _ in hosts:
        try:
            is_here = ipaddress.ip_address(name).is_loopback
        except ValueError:
            is_here = name == "localhost"
        if not is_here:
            raise _refused(part, f"{name} is another machine: use https")


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _refused(part: Part, why: str) -> InvalidInput:
    return InvalidInput(what=f"The address of the {part} is not one that Vankho can use: {why}. See `vankho init --help`.")
