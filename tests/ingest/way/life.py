"""A process that is killed: first it puts right what the one before left, then it takes a document in and keeps it, armed.

Arguments: the home, the api's and the worker's descriptor to the keeper, the document, the failpoint. It says `settled` when everything
earlier is kept, `acknowledged` when the door has answered, `kept` at the end, with the points passed.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from ingest.desk import Desk
from ingest.door import Arrival, receive
from ingest.sandbox.sandbox import Sandbox
from ingest.working import Worker, take_over
from storage.archive import Archive, decode_key, open_archive
from storage.audit.scribe import Actor
from storage.catalog.names import Depositor
from storage.catalog.states import DepositorKind
from storage.clock import SystemClock
from storage.failpoints import arm, disarm
from storage.home import Home
from storage.ids import RandomIds
from storage.settings import read_settings
from storage.vault.age import HybridIdentity
from storage.vault.keeper.client import KeeperClient


def opened(home: Home, end: str) -> tuple[Archive, object]:
    keeper = KeeperClient(socket.socket(fileno=int(end)))
    archive, given = open_archive(home, read_settings(home), keeper, RandomIds(), SystemClock())
    return archive, given.get("transit")


def live(home: Home, api: str, worker: str, document: Path, spec: str) -> None:
    door, _ = opened(home, api)
    archive, transit = opened(home, worker)
    with Sandbox(entry=(str(Path(__file__).with_name("light_zygote.py")),)) as sandbox:
        desk = Desk(archive, HybridIdentity(decode_key(str(transit))), sandbox)
        take_over(desk, is_first=True)
        to_the_end(desk)
        print("settled", flush=True)
        arm(spec)
        depositor = Depositor(DepositorKind.PERSON, "lan")
        actor = Actor("lan", "lan", is_person=True, office=archive.office)
        receive(door, Arrival(depositor, actor, archive.office, document.name.encode()), [document.read_bytes()])
        print("acknowledged", flush=True)
        to_the_end(desk)
        print("kept", *disarm(), sep="\n", flush=True)


def to_the_end(desk: Desk) -> None:
    worker = Worker(desk)
    while worker.turn() == 0.0:
        pass
    worker.close()


if __name__ == "__main__":
    live(Home(Path(sys.argv[1])), sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5])
