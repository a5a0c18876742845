"""Where an instance's files lie: its home, and outside of it the key that wraps its keys.

Landlock rules bind to inodes, so nothing is created or replaced in the home itself once the instance is made:
each file that changes lies in one of the subfolders, and the lock is made with the instance and only ever locked.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from storage.errors import NotInstance

__all__ = ["SHARED_FOLDERS", "SHUT_FOLDERS", "Home", "config_folder"]

SHARED_FOLDERS = ("catalog", "store", "tmp", "run")
"""What api and worker may read and write."""

SHUT_FOLDERS = ("keys", "closed", "audit")
"""What the keeper alone may enter."""


def config_folder() -> Path:
    """`$XDG_CONFIG_HOME/vankho`, by default `~/.config/vankho`: where keys lie that must not travel with the home."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base).absolute() / "vankho"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of an instance (VANKHO_HOME). root: absolute; it need not exist yet."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The catalog's database and its journal."""
        return self.root / "catalog"

    @property
    def store(self) -> Path:
        """Sealed blobs: `payloads/` and `headers/`."""
        return self.root / "store"

    @property
    def tmp(self) -> Path:
        """TMPDIR of every process of this instance."""
        return self.root / "tmp"

    @property
    def run(self) -> Path:
        """Sockets."""
        return self.root / "run"

    @property
    def keys(self) -> Path:
        """Wrapped keys; the keeper's alone."""
        return self.root / "keys"

    @property
    def closed(self) -> Path:
        """Index files of closed partitions; the keeper's alone."""
        return self.root / "closed"

    @property
    def audit(self) -> Path:
        """The audit tree; the keeper's alone."""
        return self.root / "audit"

    @property
    def trust(self) -> Path:
        """Certificates of the authorities that the servers of an instance are known by; made with the instance."""
        return self.root / "trust"

    def authority(self, part: str) -> Path:
        """The one authority to believe where a part lies on a server, if it was named."""
        return self.trust / f"{part}.pem"

    @property
    def lock(self) -> Path:
        """Held by the one process that works on the instance."""
        return self.root / "lock"

    @property
    def configuration(self) -> Path:
        """`vankho.toml`: written last when an instance is made, so its presence says that there is one."""
        return self.root / "vankho.toml"

    def require(self) -> None:
        """Raise NotInstance unless there is an instance here."""
        if not self.configuration.is_file():
            raise NotInstance(home=str(self.root))

    def kek(self, instance: str) -> Path:
        """The key-encryption key of the file provider: outside the home, so that a copied home opens nothing."""
        return config_folder() / f"{instance}.kek"

    def officer_key(self, instance: str) -> Path:
        """The local officer's key file, used where no other key is given."""
        return config_folder() / f"{instance}.key"
