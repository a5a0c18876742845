"""Making an instance: its KEK, its keys, its recovery identity. Done in the keeper's own process, so that no other ever sees a key."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from dataclasses import replace as with_ca
from pathlib import Path

from classification.levels import Compartment
from storage.access import Role
from storage.audit.log import TileLog
from storage.audit.note import log_signer
from storage.audit.scribe import Scribe, process
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.engine import create_catalog
from storage.catalog.migrations import migrate
from storage.catalog.names import OfficeId
from storage.catalog.offices import Office, add_office
from storage.catalog.states import OfficeKind
from storage.clock import Clock
from storage.durable import make_folder, replace, sync_folder, write_new
from storage.engines import catalog_of
from storage.errors import FileUnusable, InvalidInput, TargetExists
from storage.home import SHARED_FOLDERS, SHUT_FOLDERS, Home
from storage.ids import IdSource
from storage.servers import Part, Server, read_server
from storage.settings import NetworkClass, Settings, settings_text
from storage.vault.age import HybridIdentity
from storage.vault.credentials import KEEPER, Credentials, of_role, write_credentials
from storage.vault.introducing import introduce, placed
from storage.vault.keeper.enrolment import Enrolment, enrol
from storage.vault.kek import FileKek
from storage.vault.keyring import KeyKind, Keyring
from storage.vault.tokens import new_token, token_hash
from storage.walls.memory import LockedPages, fill_random

__all__ = ["FIRST_KEYS", "OFFICER", "Plan", "found", "plan_text", "read_plan"]

FIRST_KEYS = (
    (KeyKind.TRANSIT, "1"),
    (KeyKind.AUDITORS, "1"),
    (KeyKind.SIGNING, "1"),
    (KeyKind.CATALOG, "1"),
    (KeyKind.OPEN_INDEX, "1"),
    (KeyKind.DUPLICATES, "1"),
    (KeyKind.CREDENTIALS, "1"),
    (KeyKind.HOSTS, "1"),
)
"""The keys that every instance has from its first moment. Those of partitions come when a partition is first named."""


OFFICER = "officer"
"""The name of the local officer."""

_OFFICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the instance is to be. recovery_out: the file that takes the recovery identity, once.

    servers: addresses of the parts that are to lie on servers, each with the credential of who may make things there.
    """

    home: Home
    office: str
    network_class: NetworkClass
    test: bool
    recovery_out: Path
    servers: Mapping[Part, str] = field(default_factory=dict)


def plan_text(plan: Plan) -> str:
    """The plan as JSON, to hand it to the process that carries it out."""
    return json.dumps(asdict(plan) | {"home": str(plan.home.root), "recovery_out": str(plan.recovery_out)})


def read_plan(text: str) -> Plan:
    """The plan that `plan_text` wrote."""
    values = json.loads(text)
    home, network = Home(Path(values["home"])), NetworkClass(values["network_class"])
    return Plan(home, values["office"], network, values["test"], Path(values["recovery_out"]), values["servers"])


def found(plan: Plan, ids: IdSource, clock: Clock) -> Settings:
    """Make the instance and return its settings; after an error nothing of it is left.

    It is built beside the home and takes its name last, in one rename: there is a whole instance or none.
    Raises TargetExists if the home holds anything or the recovery file is there.
    """
    if not _OFFICE.fullmatch(plan.office):
        raise InvalidInput(what="An office id has 1 to 63 lower-case letters, digits, '.', '_' and '-', and begins with a letter or digit.")
    if plan.home.root.exists() and (not plan.home.root.is_dir() or any(plan.home.root.iterdir())):
        raise TargetExists(path=str(plan.home.root))
    if plan.recovery_out.exists():
        raise TargetExists(path=str(plan.recovery_out))
    instance = ids.new("instance")
    servers = placed({part: read_server(part, address) for part, address in plan.servers.items()}, instance)
    memory = LockedPages()
    kek = memory.take()
    fill_random(kek)
    recovery = memory.take()
    fill_random(recovery)
    identity = HybridIdentity(recovery)
    with _undone_on_failure() as undo:
        kek_path = plan.home.kek(instance)
        kek_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(kek_path, kek, undo)
        draft = Home(plan.home.root.with_name(f".{plan.home.root.name}.{instance[:8]}"))
        draft.root.mkdir(mode=0o700, parents=True)
        undo.callback(shutil.rmtree, draft.root, ignore_errors=True)
        for name in (*SHARED_FOLDERS, *SHUT_FOLDERS):
            make_folder(draft.root / name)
        keyring = Keyring(draft.keys, instance, FileKek(kek_path, memory), memory)
        for kind, name in FIRST_KEYS:
            keyring.ensure(kind, name, ids, clock)
        signer = log_signer(instance, keyring.secret(KeyKind.SIGNING, "1"))
        recipient, verifier = identity.recipient().text(), str(signer.verifier)
        settings = Settings(instance, plan.office, plan.network_class, recipient, verifier, plan.test, _trusted(draft, servers))
        credentials = introduce(dict(settings.servers), instance, undo)
        if credentials:
            write_credentials(draft.keys, keyring.secret(KeyKind.CREDENTIALS, "1"), instance, credentials)
        officer = new_token()
        _first_rows(draft, keyring, settings, credentials, token_hash(officer), ids, clock)
        TileLog.create(draft.audit, signer)
        _write(plan.home.officer_key(instance), officer.encode() + b"\n", undo)
        write_new(draft.lock, b"")
        replace(draft.configuration, settings_text(settings).encode())
        _write(plan.recovery_out, _recovery_text(settings, identity), undo)
        draft.root.rename(plan.home.root)  # over an empty folder at most
        sync_folder(plan.home.root.parent)
    return settings


def _trusted(home: Home, servers: Mapping[Part, Server]) -> dict[Part, Server]:
    """The servers, each with a copy in the home of the authority to believe."""
    if any(server.ca for server in servers.values()):
        make_folder(home.trust)
    for part, server in servers.items():
        if server.ca is not None:
            write_new(home.authority(part), server.ca.read_bytes())
    return {part: server if server.ca is None else with_ca(server, ca=home.authority(part)) for part, server in servers.items()}


def _first_rows(
    home: Home, keyring: Keyring, settings: Settings, credentials: Credentials, officer: str, ids: IdSource, clock: Clock
) -> None:
    """The catalog with its office and the local officer: a key like any other, until there are other people."""
    at, office = clock.now(), OfficeId(settings.office)
    key = bytes(keyring.secret(KeyKind.CATALOG, "1"))
    if "catalog" not in settings.servers:
        migrate(create_catalog(home.catalog / "catalog.db", key))
    catalog = catalog_of(home, settings, key, of_role(credentials, KEEPER))
    highest = settings.network_class.highest_level
    scribe = Scribe(keyring.identity(KeyKind.AUDITORS, "1").recipient(), ids, clock)
    with catalog.write() as connection:
        act = add_audit_row(connection, scribe.row(process("keeper"), "init", details={"office": office, "network_class": settings.network_class}))
        add_office(connection, Office(office, settings.office, OfficeKind.OTHER, None, highest, at))
        roles = (Role.ARCHIVIST, Role.AUDITOR, Role.ADMINISTRATOR)
        enrol(connection, ids, Enrolment(OFFICER, office, roles, highest, tuple(Compartment), officer), at, act)
    catalog.close()


def _recovery_text(settings: Settings, identity: HybridIdentity) -> bytes:
    return (
        f"# Recovery identity of the Vankho instance {settings.instance}.\n"
        "# It opens every document of the instance with any age program (1.3 or later): age -d -i THIS-FILE document.age\n"
        "# Take it away from this machine and keep it in a safe: Vankho never needs it and has no copy.\n"
        f"# public key: {settings.recovery}\n"
        f"{identity.text()}\n"
    ).encode()


def _write(path: Path, content: bytes | memoryview, undo: ExitStack) -> None:
    """A file outside of the home that is to go again if the making fails."""
    write_new(path, content)
    undo.callback(path.unlink, missing_ok=True)


@contextmanager
def _undone_on_failure() -> Iterator[ExitStack]:
    with ExitStack() as undo:
        try:
            yield undo
        except OSError as error:
            raise FileUnusable(path=str(error.filename), why=error.strerror or "?") from error
        undo.pop_all()
