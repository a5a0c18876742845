"""Several files on their way to the archive at once, each on a thread."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from storage.errors import VankhoError

__all__ = ["Uploads"]

_K = TypeVar("_K")
_R = TypeVar("_R")


class Uploads(Generic[_K, _R]):
    """Acts that run beside each other. in_hand: how many have not been given back yet."""

    def __init__(self, threads: int) -> None:
        self._jobs, self._results = SimpleQueue[tuple[_K, Callable[[], _R]]](), SimpleQueue[tuple[_K, _R | BaseException]]()
        self._threads, self.in_hand = threads, 0
        for _ in range(threads):
            # Daemons: an upload in hand when the command ends is cut off, and the archive keeps nothing of what it has not wholly got.
            Thread(target=self._work, daemon=True).start()

    @property
    def has_room(self) -> bool:
        """Whether another one would begin at once."""
        return self.in_hand < self._threads

    def begin(self, key: _K, act: Callable[[], _R]) -> None:
        """Do one beside the others."""
        self.in_hand += 1
        self._jobs.put((key, act))

    def result(self, timeout: float) -> tuple[_K, _R | VankhoError] | None:
        """The next that is done: what it gave, or the refusal that it met; None after `timeout` seconds. Raises what is no refusal."""
        try:
            key, result = self._results.get(timeout=max(timeout, 0.001))
        except Empty:
            return None
        self.in_hand -= 1
        if isinstance(result, BaseException) and not isinstance(result, VankhoError):
            raise result
        return key, result

    def _work(self) -> None:
        while True:
            key, act = self._jobs.get()
            try:
                self._results.put((key, act()))
            except BaseException as error:  # noqa: BLE001  told to whoever waits: a thread that ended in silence would leave its file for ever
                self._results.put((key, error))
