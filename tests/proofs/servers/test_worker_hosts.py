"""Workers on other hosts: what they keep is kept once and bit by bit, whoever dies; the gate lets in whom the keeper admits, for work alone."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import signal
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from psycopg import sql

from storage.catalog.privileges import schema_name
from storage.errors import GateForeign, HostRefused, KeeperUnreachable, KeyNotRight
from storage.gate.carrying import ADMITTED
from storage.gate.certificates import Authority, gate_name
from storage.gate.joining import new_keys, read_joining
from storage.gate.relay import Way, dial
from storage.home import Home
from storage.settings import read_settings
from storage.vault.age import HybridIdentity, open_file
from storage.vault.keeper.duties import DUTIES
from storage.vault.keeper.protocol import Role
from tests.instances import Instance
from tests.proofs.memory import inspected, private, secrets_of
from tests.proofs.served import OPEN, Answer, Served, alive, children_of
from tests.proofs.servers.conftest import Heard, Servers
from tests.proofs.servers.worker_hosts import Away, joining_file
from tests.servers.postgresql import connection_string
from tests.servers.processes import free_port
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

BACK = 90.0
"""Seconds until leases of what died have run out and others have done its work."""


def letter(number: int) -> bytes:
    return OPEN.format(number=number, text=f"Nội dung thứ {number}.").encode()


@pytest.fixture(scope="module")
def gate() -> str:
    """Where the gate of the module's instance listens, over its restarts."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def served(house: Instance, gate: str) -> Iterator[Heard]:
    """The main host, whose own workers are none."""
    with Heard(house, "--workers", "0", "--worker-port", gate) as running:
        yield running


def connections(house: Instance, name: str) -> object:
    """How many a host has to the keeper."""
    return next(host["connections"] for host in house.json("host", "list") if host["host"] == name)


def way_of(path: Path) -> Way:
    """How the host of a joining file reaches the gate."""
    joining = read_joining(path)
    host, port = joining.gate_address
    instance = re.search(r'^instance = "(.+)"$', joining.settings, re.MULTILINE)
    assert instance is not None
    return Way(host, port, gate_name(instance[1]), joining.authority, joining.certificate, joining.key)


def asked(way: Way, *asks: tuple[str, dict[str, object]]) -> list[dict[str, object]]:
    """What the keeper answers to each question over one connection through the gate."""

    async def converse() -> list[dict[str, object]]:
        line, answers = await dial(way, way.context()), []
        for duty, values in asks:
            raw = json.dumps({"duty": duty, "values": values}).encode()
            line.writer.write(struct.pack("!I", len(raw)) + raw)
            (size,) = struct.unpack("!I", await line.reader.readexactly(4))
            answers.append(json.loads(await line.reader.readexactly(size)))
        await line.close()
        return answers

    return asyncio.run(converse())


def owners(servers: Servers, house: Instance) -> set[str]:
    """The hosts that have something in hand."""
    table = sql.Identifier(schema_name(read_settings(Home(house.home)).instance), "work")
    with psycopg.connect(connection_string(servers.catalog.server()), dbname=servers.database.path) as admin:
        return {str(row[0]).partition("/")[0] for row in admin.execute(sql.SQL("SELECT owner FROM {} WHERE owner IS NOT NULL").format(table))}


def require_kept(served: Served, key: str, deposited: dict[int, Answer]) -> None:
    """Each is there once, and as it was handed in."""
    records = set()
    for number, answer in deposited.items():
        assert served.settled(key, answer)["outcome"] == "stored"
        records.add(answer.json["record_id"])
        assert served.ask("GET", f"records/{answer.json['record_id']}/parts/original", key).body == letter(number)
    assert len(records) == len(deposited)
    until(lambda: served.metric("vankho_index_waiting") == 0, BACK, "all indexed")
    assert served.instance.json("check", "--read-data")[0]["findings"] == []
    assert served.instance.run("audit", "verify").returncode == 0


def test_what_hosts_that_join_take_in_hand_is_kept_once_also_when_one_is_killed_amid_it(
    servers: Servers, house: Instance, served: Heard, gate: str, officer: str, tmp_path: Path
) -> None:
    before = served.ask("GET", "search?q=", officer).json["total"]
    bases = [tmp_path / name for name in ("kill-a", "kill-b")]
    for base in bases:
        base.mkdir()
    files = [joining_file(house, base.name, gate, base) for base in bases]
    with ExitStack() as hosts:
        first, second = (hosts.enter_context(Away(path, base)) for path, base in zip(files, bases, strict=True))
        assert first.places == second.places == dict.fromkeys(("gate", "catalog", "index", "store"))
        until(lambda: first.pid("ingest.worker") and second.pid("ingest.worker"), what="both work")
        deposited, seen, is_killed = {}, set[str](), False
        while len(deposited) < 100 or not is_killed:
            number = len(deposited) + 1
            assert number < 200, "the first was never seen amid its work"
            deposited[number] = served.deposit(officer, letter(number))
            at_work = owners(servers, house)
            seen |= at_work
            if number >= 50 and not is_killed and "kill-a" in at_work:
                first.kill()
                is_killed = True
        assert seen == {"kill-a", "kill-b"}
        require_kept(served, officer, deposited)
        assert served.ask("GET", "search?q=", officer).json["total"] == int(str(before)) + len(deposited)
    assert {path.name for path in (bases[1] / "work").iterdir()} == {"lock", "tmp", "trust", "vankho.toml"}


def test_when_parts_of_the_main_host_or_all_of_it_are_started_again_those_that_joined_go_on_by_themselves(
    house: Instance, served: Heard, gate: str, officer: str, tmp_path: Path
) -> None:
    with Away(joining_file(house, "patient", gate, tmp_path), tmp_path) as host:
        until(lambda: host.pid("ingest.worker"), what="it works")
        members = [host.pid("ingest.worker"), host.pid("storage.gate.relay")]
        for number, part in enumerate(("storage.gate", "storage.vault.keeper"), 201):
            victim = next(pid for pid, words in children_of(served.process.pid).items() if part in words)
            os.kill(victim, signal.SIGKILL)
            until(lambda victim=victim: not alive(victim), what=f"{part} is gone")  # type: ignore[misc]
            assert served.settled(officer, served.deposit(officer, letter(number)))["outcome"] == "stored"
        until(lambda: connections(house, "patient") != 0, BACK, "it has reached the keeper again")
        assert served.stop() == 0
        with Served(house, "--workers", "0", "--worker-port", gate) as again:
            deposited = {203: again.deposit(officer, letter(203))}
            require_kept(again, officer, deposited)
            until(lambda: connections(house, "patient") != 0, BACK, "and once more")
        assert [host.pid("ingest.worker"), host.pid("storage.gate.relay")] == members


def test_a_host_that_is_shut_out_is_cut_ends_and_is_refused_from_then_on(house: Instance, served: Heard, gate: str, tmp_path: Path) -> None:
    path = joining_file(house, "shut", gate, tmp_path)
    with Away(path, tmp_path) as host:
        until(lambda: connections(house, "shut") != 0, BACK, "it is connected")
        with held(way_of(path)) as idle:
            house.run("host", "disable", "shut")
            assert idle.recv(1) == b"", "a connection that asks for nothing is cut as well"
        until(lambda: connections(house, "shut") == 0, what="none is left")
        assert host.process.wait(60) == 8, "with the exit status of a refusal"
        assert "VK-WORKER-HOST" in host.log.read_text()
    with Away(path, tmp_path) as again:
        assert again.places["gate"] == "VK-WORKER-HOST"
        assert again.process.wait(60) == 8
    assert house.refusal("host", "disable", "shut", exit_code=4)["code"] == "VK-NOT-FOUND"
    assert house.refusal("host", "add", "shut", "--gate", gate, "--out", tmp_path / "b.join", exit_code=2)["code"] == "VK-NAME-TAKEN"
    assert not (tmp_path / "b.join").exists()
    acts = [row["details"] for row in house.json("audit", "query", "--action", "manage-hosts")]
    named = [act.get("host") or act.get("disabled") for act in acts if isinstance(act, dict)]
    assert named.count("shut") >= 2


@contextmanager
def held(way: Way) -> Iterator[ssl.SSLSocket]:
    """A connection that is admitted, and asks for nothing."""
    with socket.create_connection((way.host, way.port), 30) as plain, way.context().wrap_socket(plain, server_hostname=way.name) as tls:
        assert tls.recv(1) == ADMITTED
        yield tls


def test_who_is_no_host_of_this_instance_is_not_let_in(house: Instance, served: Heard, gate: str, tmp_path: Path) -> None:
    way = way_of(joining_file(house, "honest", gate, tmp_path))
    assert asked(way, ("sequence_now", {}))[0].keys() == {"values"}
    key, key_text, _ = new_keys()
    now = datetime.now(UTC)
    of_another = Authority(read_settings(Home(house.home)).instance, b"\7" * 32, now)  # all but the key is as it should be
    self_signed = replace(way, certificate=_pem(of_another, "honest", key), key=key_text)
    for stranger in (self_signed, replace(self_signed, certificate=of_another.pem)):
        with pytest.raises((KeeperUnreachable, ssl.SSLError)):
            asked(stranger, ("handover", {}))
    with pytest.raises(GateForeign):
        asked(replace(way, authority=of_another.pem), ("handover", {}))
    with pytest.raises(GateForeign):
        asked(replace(way, name="gate.another.vankho.internal"), ("handover", {}))
    # one that the authority issued, but for whom there is no row: a gate that was taken over cannot make one either
    unknown = Authority(read_settings(Home(house.home)).instance, secrets_of(house)["hosts/1"], now)
    for name in ("honest", "nobody"):
        with pytest.raises(HostRefused):
            asked(replace(way, certificate=_pem(unknown, name, key), key=key_text), ("handover", {}))
    nobody = ssl.create_default_context(cadata=way.authority)
    plain = socket.create_connection((way.host, way.port), 30)
    with nobody.wrap_socket(plain, server_hostname=way.name) as tls:
        assert heard(tls) == b""
    old = way.context()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    with socket.create_connection((way.host, way.port), 30) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(plain, server_hostname=way.name)
    with socket.create_connection((way.host, way.port), 30) as plain:
        plain.sendall(b"\x00\x00\x00\x02{}")
        assert plain.recv(1) in (b"", b"\x15"), "in clear it is told nothing but that this is no TLS"
    assert asked(way, ("sequence_now", {}))[0].keys() == {"values"}, "none of them stood in the way of a host"


def heard(tls: ssl.SSLSocket) -> bytes:
    """What the other side says before it ends the connection, in whatever way it does that."""
    try:
        return tls.recv(1)
    except (ssl.SSLError, ConnectionError):
        return b""


def _pem(authority: Authority, name: str, key: Ed25519PrivateKey) -> str:
    return authority.for_host(name, key.public_key(), datetime.now(UTC), b"").public_bytes(Encoding.PEM).decode()


def test_through_the_gate_a_host_asks_what_a_worker_may_and_is_handed_what_it_alone_opens(
    house: Instance, served: Heard, gate: str, tmp_path: Path
) -> None:
    paths = [joining_file(house, name, gate, tmp_path) for name in ("asking", "beside")]
    way, identities = way_of(paths[0]), [HybridIdentity.parse(read_joining(path).identity) for path in paths]
    denied = {"admit"} | {duty for role in (Role.API, Role.GATE) for duty in DUTIES[role]} - set(DUTIES[Role.HOST])
    assert {"sign_in", "unwrap", "search_closed", "add_host", "certify"} < denied
    answers = asked(way, *((duty, {"session": "x"}) for duty in denied))
    assert {answer.get("error") for answer in answers} == {"NotFound"}
    (given,) = asked(way, ("handover", {"host": "beside"}))
    values = given["values"]
    assert isinstance(values, dict) and set(values) == {"sealed"}
    sealed = base64.b64decode(values["sealed"])
    handed = json.loads(b"".join(open_file(io.BytesIO(sealed), [identities[0]])))
    assert (handed["catalog"], handed["open_index"], bool(handed["transit"])) == ("", "", True)
    with pytest.raises(KeyNotRight):
        open_file(io.BytesIO(sealed), [identities[1]])


def test_no_key_is_where_it_has_no_business(house: Instance, served: Heard, gate: str, officer: str, tmp_path: Path) -> None:
    path = joining_file(house, "seen", gate, tmp_path)
    with Away(path, tmp_path) as host:
        until(lambda: host.pid("ingest.worker") and connections(house, "seen") != 0, BACK, "it works")
        assert served.settled(officer, served.deposit(officer, letter(301)))["outcome"] == "stored"
        main = children_of(served.process.pid)
        pids = {
            "gate": next(pid for pid, words in main.items() if "storage.gate" in words),
            "keeper": served.pid("keeper"),
            "relay": host.pid("storage.gate.relay"),
            "supervisor": host.process.pid,
            "worker": host.pid("ingest.worker"),
        }
        seen = inspected(pids, secrets_of(house))
        assert {part: private(one.secrets) for part, one in seen.items() if part != "keeper"} == {
            "gate": set(),
            "relay": set(),
            "supervisor": set(),
            "worker": {"transit/1"},
        }
        assert {"transit/1", "hosts/1"} <= seen["keeper"].secrets
        assert not {"catalog/1", "open-index/1", "duplicates/1", "credentials/1"} & seen["worker"].secrets
        for part in ("gate", "relay", "worker"):
            assert not [opened for opened in seen[part].opened if opened.startswith(str(house.home))], part
            assert re.search(r"^NoNewPrivs:\t1$", Path(f"/proc/{pids[part]}/status").read_text(), re.MULTILINE), part


def test_where_nothing_is_reached_it_says_so_and_waits(house: Instance, gate: str, tmp_path: Path) -> None:
    path = tmp_path / "lonely.join"
    house.run("host", "add", "lonely", "--gate", f"127.0.0.1:{free_port()}", "--out", path)
    with Away(path, tmp_path) as host:
        assert host.places["gate"] == "VK-KEEPER"
        until(lambda: "VK-KEEPER" in host.log.read_text(), what="the worker's start is told of")
        assert host.process.poll() is None
