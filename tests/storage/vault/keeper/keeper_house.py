"""Keepers in the test's own process, on instances of their own, and the acts that they log."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from storage.audit.scribe import process
from storage.catalog.audit_rows import AuditFilter, AuditRow, add_audit_row, audit_rows
from storage.clock import FixedClock
from storage.home import Home
from storage.ids import RandomIds
from storage.settings import read_settings
from storage.vault.keeper import people, signing_in
from storage.vault.keeper.keeper import Keeper, open_keeper
from storage.vault.keeper.protocol import Json
from storage.vault.kek import FileKek
from storage.vault.keyring import Keyring
from storage.vault.tokens import new_token, read_key_file, token_hash
from storage.walls.memory import LockedPages

__all__ = ["START", "House"]

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class House:
    """An instance in `base/home`, opened by one keeper at a time."""

    base: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    _opened: list[Keeper] = field(default_factory=list)

    @property
    def audit(self) -> Path:
        return self.base / "home" / "audit"

    @property
    def keeper(self) -> Keeper:
        """The keeper that runs; started with the first question."""
        return self._opened[-1] if self._opened else self.start()

    def start(self) -> Keeper:
        """A keeper that knows only what is on the disk, as after a crash or a restart."""
        self.stop()
        home, memory = Home(self.base / "home"), LockedPages()
        settings = read_settings(home)
        keyring = Keyring(home.keys, settings.instance, FileKek(home.kek(settings.instance), memory), memory)
        self._opened.append(open_keeper(home, settings, keyring, RandomIds(), self.clock))
        return self.keeper

    def stop(self) -> None:
        while self._opened:
            self._opened.pop().catalog.close()

    def copy(self, target: Path) -> House:
        """The same instance once more, as it is on the disk. The keys that wrap its keys are found where the environment says."""
        self.stop()
        shutil.copytree(self.base, target)
        return House(target, self.clock)

    def acts(self, count: int) -> list[str]:
        """Commit rows of acts, a second apart; their ids, oldest first."""
        ids = []
        with self.keeper.catalog.write() as connection:
            for number in range(count):
                self._tick()
                row = self.keeper.scribe.row(process("worker"), "reread", record=f"r{number}", details={"note": f"số {number}"})
                ids.append(add_audit_row(connection, row))
        return ids

    def write(self, row: AuditRow) -> str:
        with self.keeper.catalog.write() as connection:
            return add_audit_row(connection, row)

    def rows(self) -> list[AuditRow]:
        """Every row, oldest first."""
        with self.keeper.catalog.read() as connection:
            return list(reversed(audit_rows(connection, AuditFilter(), 10_000)))

    def entries(self) -> list[bytes]:
        """The log's entries."""
        reader = self.keeper.sequencer.sequence().reader()
        return list(reader.entries(0, reader.size))

    def officer(self) -> dict[str, Json]:
        """The session of the local officer, who is an auditor too."""
        self._tick()
        token = read_key_file(self.keeper.home.officer_key(self.keeper.settings.instance))
        return {"session": signing_in.sign_in(self.keeper, {"token": token, "address": "10.0.0.7"})["session"]}

    def person(self, name: str, role: str) -> dict[str, Json]:
        """The session of a new person with one role."""
        token = new_token()
        told: dict[str, Json] = {"name": name, "office": "central", "roles": [role], "clearance": "MAT", "compartments": []}
        people.add_person(self.keeper, self.officer() | told | {"token_sha256": token_hash(token)})
        return {"session": signing_in.sign_in(self.keeper, {"token": token})["session"]}

    def tamper(self, statement: str, **values: object) -> None:
        """Change the catalog as somebody does who has its file and its key: without its triggers."""
        with self.keeper.catalog.write() as connection:
            for (name,) in connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
            connection.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
            assert connection.execute(sa.text(statement), values).rowcount == 1

    def _tick(self) -> None:
        """No two acts at the same moment, so that their order is told by their times."""
        self.clock.set(self.clock.now() + timedelta(seconds=1))
