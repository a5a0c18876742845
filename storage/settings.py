"""The configuration of an instance: one typed object, read once from `vankho.toml`, passed down."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from classification.levels import Level
from storage.errors import InvalidInput, NotOnServers
from storage.home import Home
from storage.servers import PARTS, SHARED_PARTS, Part, Server, read_server

__all__ = ["NetworkClass", "Settings", "read_settings", "read_settings_text", "settings_text"]


class NetworkClass(StrEnum):
    """How the instance's machine is connected. Source: Law 117/2025/QH15 art. 2(5) and 5(2)."""

    CONNECTED = "CONNECTED"
    INDEPENDENT_LAN = "INDEPENDENT_LAN"
    STANDALONE = "STANDALONE"

    @property
    def highest_level(self) -> Level:
        """The highest level that an instance of this class may hold: a machine on a network holds no state secret."""
        return Level.NON_CONFIDENTIAL if self is NetworkClass.CONNECTED else Level.TUYET_MAT


@dataclass(frozen=True, slots=True)
class Settings:
    """What `vankho.toml` says.

    instance: the instance's id. office: the id of the office it belongs to. recovery: the recipient (`age1pq1...`) to which
    everything is sealed beside its own key. log_key: the key (`name+id+key`) that checkpoints of the audit log are checked with.
    test: whether test aids are allowed; fixed when the instance is made. servers: the parts that lie on servers; all others are embedded.
    """

    instance: str
    office: str
    network_class: NetworkClass
    recovery: str
    log_key: str
    test: bool
    servers: Mapping[Part, Server] = field(default_factory=dict)

    def require_on_servers(self) -> None:
        """Raise NotOnServers unless all that workers use lies where other hosts can reach it."""
        if missing := [part for part in SHARED_PARTS if part not in self.servers]:
            raise NotOnServers(parts=", ".join(missing))

    def ports(self, parts: Iterable[Part]) -> frozenset[int]:
        """The TCP ports that a process must reach which works with these parts."""
        return frozenset[int]().union(*(self.servers[part].ports for part in parts if part in self.servers))


_SAID = {"closed_index": "# The texts of closed records lie in clear on the disks of this cluster, which the keeper alone may reach.\n"}
_KEYS = {"instance": str, "office": str, "network_class": str, "recovery": str, "log_key": str, "test": bool}


def settings_text(settings: Settings) -> str:
    """`vankho.toml` for these settings: addresses of servers without what proves who asks, and without the file of the authority to believe."""
    servers = "".join(f'{_SAID.get(part, "")}{part} = "{replace(server, ca=None).text}"\n' for part, server in sorted(settings.servers.items()))
    return (
        "# The configuration of this Vankho instance. `instance`, `recovery` and `log_key` are fixed when it is made.\n"
        f'instance = "{settings.instance}"\n'
        f'office = "{settings.office}"\n'
        f'network_class = "{settings.network_class}"\n'
        f'recovery = "{settings.recovery}"\n'
        f'log_key = "{settings.log_key}"\n'
        f"test = {'true' if settings.test else 'false'}\n"
        f"{servers}"
    )


def read_settings(home: Home) -> Settings:
    """The settings of the instance at `home`.

    Raises NotInstance where there is none, and InvalidInput, which names the key, for a file that is not as it should be.
    """
    home.require()
    try:
        text = home.configuration.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(what=f"vankho.toml cannot be read: {error}") from error
    return read_settings_text(home, text)


def read_settings_text(home: Home, text: str) -> Settings:
    """The same from the text of a `vankho.toml` that is to lie in `home`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(what=f"vankho.toml cannot be read: {error}") from error
    if unknown := sorted(set(values) - {*_KEYS, *PARTS}):
        raise InvalidInput(what=f"vankho.toml has a key that Vankho does not know: {unknown[0]}. Remove it or correct its name.")
    for key, kind in _KEYS.items():
        if not isinstance(values.get(key), kind):
            raise InvalidInput(what=f"vankho.toml needs the key {key} ({'true or false' if kind is bool else 'text'}).")
    if values["network_class"] not in set(NetworkClass):
        raise InvalidInput(what=f"vankho.toml: network_class must be one of {', '.join(NetworkClass)}.")
    return Settings(
        instance=values["instance"],
        office=values["office"],
        network_class=NetworkClass(values["network_class"]),
        recovery=values["recovery"],
        log_key=values["log_key"],
        test=values["test"],
        servers=_servers(home, values),
    )


def _servers(home: Home, values: Mapping[str, object]) -> dict[Part, Server]:
    """The servers named, each with the authority that the instance was made with."""
    found = {part: read_server(part, str(values[part])) for part in PARTS if part in values}
    return {part: replace(server, ca=home.authority(part) if home.authority(part).is_file() else None) for part, server in found.items()}
