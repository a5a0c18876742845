"""How a command reaches the archive: the supervisor's socket where one runs, else the same app in this very process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from search_api.cli.context import Context
from search_api.client import Client
from storage.errors import KekMissing
from storage.home import Home
from storage.settings import Settings, read_settings
from storage.vault.tokens import read_key_file
from storage.walls.sockets import bind, connect

if TYPE_CHECKING:
    from search_api.household import Household

__all__ = ["API_SOCKET", "connected"]

API_SOCKET = "api.sock"
_COMMAND_SOCKET = "command.sock"


@contextmanager
def connected(context: Context, *, works: bool = False, tries: bool = False) -> Iterator[Client]:
    """A way to the archive for the person of this command.

    works: whether documents or the index have to be worked on, so that a command without supervisor needs a worker of its own.
    tries: whether a document is to be read without being kept, which takes a sandbox of its own.
    Raises NotInstance, Busy, KekMissing, FileUnusable for her key file ...
    """
    home = context.home()
    settings = read_settings(home)
    path = home.run / API_SOCKET
    is_served, kek = _answers(path), home.kek(settings.instance)
    if not is_served and not kek.is_file():
        raise KekMissing(path=str(kek))  # without it nothing goes on, whoever asks: said before anything of her own
    token = read_key_file(context.key or home.officer_key(settings.instance))
    if is_served:
        yield Client(path, token, context.lang)
        return
    # Imported where no supervisor runs: as a client of one a command is there in a tenth of the time.
    from search_api.household import Household

    Thread(target=import_module, args=("search_api.app",)).start()  # while the keeper starts, which takes as long
    with Household(home) as household:
        if works:
            household.start_workers()
        with _own_app(home, settings, household, tries) as own:
            yield Client(own, token, context.lang, household.tend)


@contextmanager
def _own_app(home: Home, settings: Settings, household: Household, tries: bool) -> Iterator[Path]:
    """The app on a socket of this command's own. This process loads no private key, and claims no more."""
    from ingest.sandbox.sandbox import Sandbox
    from search_api.app import create_app
    from search_api.server import in_background
    from storage.archive import open_archive
    from storage.clock import SystemClock
    from storage.ids import RandomIds

    os.environ["TMPDIR"] = str(home.tmp)
    sandbox = Sandbox() if tries else None
    if sandbox is not None:
        sandbox.start()
    archive, _ = open_archive(home, settings, household.keeper, RandomIds(), SystemClock())
    path = home.run / _COMMAND_SOCKET
    try:
        with bind(path) as listener, in_background(create_app(archive, sandbox), listener):
            yield path
    finally:
        path.unlink(missing_ok=True)
        if sandbox is not None:
            sandbox.close()
        archive.open_index.close()
        archive.catalog.close()


def _answers(path: Path) -> bool:
    with suppress(OSError), connect(path):
        return True
    return False
