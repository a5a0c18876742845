"""The batches of one scanner: one lasts from the first file until the folder is empty, and ends with its receipt."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

from search_api.cli.watch.journal import Journal
from search_api.client import Client

__all__ = ["Batches"]

_MOST: Final = 1000
_LONGEST: Final = 3600.0
"""Files and seconds after which a batch ends though files keep coming."""


class Batches:
    """The batch that files are sent with now, and those of which the figures are still to be told. Every method raises what the archive refuses."""

    def __init__(self, scanner: str, client: Client, journal: Journal) -> None:
        self._scanner, self._client, self._journal = scanner, client, journal
        self._current: str | None = None
        self._files, self._since = 0, 0.0
        self._untold = set[str]()

    @property
    def untold(self) -> bool:
        """Whether figures are still to be told."""
        return bool(self._untold)

    def current(self) -> str:
        """The batch for one more file, opened if there is none."""
        if self._current is None or self._files >= _MOST or time.monotonic() - self._since > _LONGEST:
            self._current = str(self._client.json("POST", "batches")["batch"])
            self._files, self._since = 0, time.monotonic()
        self._files += 1
        return self._current

    def add(self, batch: str) -> None:
        """A file has a receipt in this batch: the current one, or one from before this command was killed and began again."""
        self._untold.add(batch)

    def forget(self) -> None:
        """The archive does not know them."""
        self._current = None
        self._untold.clear()

    def tell(self, unfinished: Collection[str], *, is_idle: bool) -> None:
        """Tell the figures of each batch that is complete. unfinished: batches of files without an outcome. is_idle: whether none are to come now."""
        if is_idle:
            self._current = None
        for batch in sorted(self._untold - {*unfinished, self._current}):
            self._journal.batch(self._scanner, self._client.json("GET", f"batches/{batch}"))
            self._untold.discard(batch)
