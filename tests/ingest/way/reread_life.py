"""A worker of today that is killed: armed, it takes over and works to the end. Arguments: the home, its descriptor to the keeper, the failpoint.

At the end it says `done`, with the points passed.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import sqlalchemy as sa
from life import opened

from ingest.desk import Desk
from ingest.sandbox.sandbox import Sandbox
from ingest.working import Worker, take_over
from storage.archive import decode_key
from storage.catalog.schema import work as work_table
from storage.failpoints import arm, disarm
from storage.home import Home
from storage.vault.age import HybridIdentity


def live(home: Home, worker: str, spec: str) -> None:
    archive, transit = opened(home, worker)
    with Sandbox(entry=(str(Path(__file__).with_name("light_zygote.py")),)) as sandbox:
        desk = Desk(archive, HybridIdentity(decode_key(str(transit))), sandbox)
        take_over(desk, is_first=True)
        arm(spec)
        work(desk)
        print("done", *disarm(), sep="\n", flush=True)


def work(desk: Desk) -> None:
    """Until nothing waits: on a loaded machine what is needed may not be there at the first turn."""
    worker = Worker(desk)
    while (pause := worker.turn()) == 0.0 or is_work_left(desk):
        time.sleep(pause)
    worker.close()


def is_work_left(desk: Desk) -> bool:
    with desk.archive.catalog.read() as connection:
        return connection.execute(sa.select(sa.func.count()).where(sa.not_(work_table.c.done))).scalar_one() > 0


if __name__ == "__main__":
    live(Home(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
