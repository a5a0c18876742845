"""A world: one instance that lives in the test's own process, real in every part but its clock and its ids."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ingest.desk import Desk
from ingest.sandbox.sandbox import Sandbox
from ingest.working import Worker
from search_api.app import create_app
from storage.access import Action, decide
from storage.access.loading import load_subject
from storage.archive import Archive, decode_key, open_archive
from storage.catalog.names import Depositor, OfficeId, PersonId
from storage.catalog.offices import Office, add_office
from storage.catalog.people import all_people, all_sources
from storage.catalog.record_facts import facts_of
from storage.catalog.schema import record
from storage.catalog.states import DepositorKind, OfficeKind
from storage.clock import FixedClock
from storage.home import Home
from storage.ids import RandomIds, SeededIds
from storage.settings import NetworkClass, Settings, read_settings, settings_text
from storage.vault.age import HybridIdentity
from storage.vault.credentials import taken
from storage.vault.founding import Plan, found
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.closed import ClosedIndex
from storage.vault.keeper.keeper import Keeper, open_keeper
from storage.vault.keeper.mending import Mending
from storage.vault.keeper.protocol import HELD, Json, Role, rendezvous
from storage.vault.keeper.serving import serve
from storage.vault.kek import FileKek
from storage.vault.keyring import Keyring
from storage.vault.tokens import read_key_file
from storage.walls.memory import LockedPages
from tests.twins.asgi import Reply, call

if TYPE_CHECKING:  # what the servers need takes half a second to import
    from tests.twins.places import Places

__all__ = ["START", "Hands", "Twins", "World", "founded"]

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
_PATIENCE = 60.0
"""Seconds that a loaded machine may take for an answer of the keeper's."""


@dataclass(frozen=True)
class Hands:
    """What all worlds share: where documents are read, the loop in which the apps run, what ids are made from, and servers, if parts lie on some."""

    sandbox: Sandbox
    portal: BlockingPortal
    seed: bytes
    places: Places | None = None


@dataclass(frozen=True)
class Sight:
    """Ids of records: all there are; those that somebody may read; those that she deposited."""

    every: frozenset[str]
    readable: frozenset[str]
    deposited: frozenset[str]


class _Ids(SeededIds):
    """Audit rows bear random ids, as no answer outside the audit routes names one: while the clock stands two acts can have the same name."""

    def new(self, logical_name: str) -> str:
        return RandomIds().new(logical_name) if logical_name.startswith("audit/") else super().new(logical_name)


@contextmanager
def founded(seed: bytes, places: Places | None = None) -> Iterator[tuple[Path, Hands]]:
    """A folder with the instance that worlds are copies of, so that they have the same keys: its `home`, and `recovery.txt`.

    In memory where the machine lets us: nothing here is about the disk, and a world waits for it a thousand times.
    """
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(prefix="twins", dir=memory if os.access(memory, os.W_OK) else None) as folder,
        pytest.MonkeyPatch.context() as patch,
        Sandbox() as sandbox,
        start_blocking_portal() as portal,
    ):
        base = Path(folder)
        patch.setenv("XDG_CONFIG_HOME", str(base / "config"))
        servers = {} if places is None else places.addresses()
        plan = Plan(Home(base / "home"), "central", NetworkClass.STANDALONE, test=False, recovery_out=base / "recovery.txt", servers=servers)
        found(plan, _Ids(seed), FixedClock(START))
        yield base, Hands(sandbox, portal, seed, places)


class World:
    """Use it as a context. Nothing happens here by itself: the worker, the closed index and the sequencer move when `settle` is called."""

    def __init__(self, like: Path, home: Path, hands: Hands) -> None:
        """like: the home of another world, which is closed; this one begins as its copy in `home`. Of two worlds no homes have the same name."""
        shutil.copytree(like, home)
        self.clock, self._hands = FixedClock(START), hands
        self.home, ids, memory = Home(home), _Ids(hands.seed), LockedPages()
        settings = read_settings(self.home)
        if hands.places is not None:
            settings = hands.places.moved(settings, like.name, home.name)
            self.home.configuration.write_text(settings_text(settings), "utf-8")
        keyring = Keyring(self.home.keys, settings.instance, FileKek(self.home.kek(settings.instance), memory), memory)
        self.keeper: Keeper = open_keeper(self.home, settings, keyring, ids, self.clock)
        if hands.places is not None:
            self.keeper = replace(self.keeper, closed=hands.places.closed_index(self.home, self.keeper))
        self._ends = {role: rendezvous() for role in HELD}
        theirs = {role: ends[0] for role, ends in self._ends.items()}
        self._serving = threading.Thread(target=serve, args=(self.keeper, theirs), daemon=True)
        self._serving.start()
        self.archive, _ = self._opened(Role.API, settings, ids)
        self._workers, given = self._opened(Role.WORKER, settings, ids)
        self._worker = Worker(Desk(self._workers, HybridIdentity(decode_key(given["transit"])), hands.sandbox))
        self._closed, self.mending, self._portal = ClosedIndex(self.keeper), Mending(self.keeper), hands.portal
        self.app = create_app(self.archive, hands.sandbox)
        self.officer = read_key_file(self.home.officer_key(settings.instance))

    def _opened(self, role: Role, settings: Settings, ids: SeededIds) -> tuple[Archive, dict[str, Json]]:
        archive, given = open_archive(self.home, settings, KeeperClient(self._ends[role][1], _PATIENCE), ids, self.clock)
        if self._hands.places is not None:
            archive = replace(archive, open_index=self._hands.places.open_index(self.home, settings, taken(str(given["servers"]))))
        return archive, given

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._worker.close()
        for _, ours in self._ends.values():
            ours.close()
        self._serving.join()
        for ends in self._ends.values():
            ends[0].close()
        self.archive.open_index.close()
        for catalog in (self.archive.catalog, self._workers.catalog, self.keeper.catalog):
            catalog.close()

    def ask(self, token: str | None, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """One request of whoever has the token; `target` below /api/v1, or from the root if it begins with a slash, already quoted."""
        sent = {**({} if token is None else {"authorization": f"Bearer {token}"}), **(headers or {})}
        path = target if target.startswith("/") else f"/api/v1/{target}"
        return self._portal.call(call, self.app, method, path.encode(), sent, body)

    def send(self, token: str, method: str, target: str, content: object, headers: Mapping[str, str] | None = None) -> Reply:
        """The same with a body of JSON."""
        return self.ask(token, method, target, {"content-type": "application/json", **(headers or {})}, json.dumps(content).encode())

    def learn(self) -> None:
        """Let worker and indexes do what they can; no index is built anew."""
        while not self._worker.turn() or self._closed.apply():
            pass

    def settle(self) -> None:
        """Let worker, indexes and log finish what there is to do."""
        self.learn()
        while not self.mending.turn():
            self.learn()
        self.keeper.sequencer.sequence()

    def merge(self) -> None:
        """Let the open index forget what was replaced in it, where that is not done at once."""
        if self._hands.places is not None:
            self._hands.places.merge(self.archive.settings, self.home.root.name)

    def add_office(self, office: str, parent: str) -> None:
        """Add an office below another."""
        with self.keeper.catalog.write() as connection:
            highest = self.archive.settings.network_class.highest_level
            add_office(connection, Office(OfficeId(office), office, OfficeKind.OTHER, OfficeId(parent), highest, self.clock.now()))

    def sight(self, name: str) -> Sight:
        """What the person or source of this name may read now, and what she deposited."""
        with self.keeper.catalog.read() as connection:
            people = {person.name: Depositor(DepositorKind.PERSON, person.id) for person in all_people(connection)}
            sources = {source.name: Depositor(DepositorKind.SOURCE, source.id) for source in all_sources(connection)}
            who = (people | sources)[name]
            subject = load_subject(connection, PersonId(who.id), self.clock.now()) if who.kind is DepositorKind.PERSON else None
            every = sorted(connection.execute(sa.select(record.c.id)).scalars())
            facts = [facts for one in every if (facts := facts_of(connection, one)) is not None]
        readable = frozenset(one.id for one in facts if subject is not None and decide(subject, Action.READ, one).allowed)
        return Sight(frozenset(every), readable, frozenset(one.id for one in facts if one.depositor == who))


@dataclass(frozen=True)
class Twins:
    """base: what all worlds are copies of."""

    base: Path
    hands: Hands
    recovery: tuple[HybridIdentity, ...]

    def world(self, like: str, name: str) -> World:
        return World(self.base / like, self.base / name, self.hands)

    def drop(self, *names: str) -> None:
        for name in names:
            if self.hands.places is not None:
                self.hands.places.drop(read_settings(Home(self.base / name)), name)
            shutil.rmtree(self.base / name)
