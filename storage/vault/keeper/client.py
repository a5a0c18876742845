"""Asking the keeper: one connection a thread, opened when first needed, opened again when the keeper was started anew."""

from __future__ import annotations

import socket
import threading

from storage.errors import KeeperUnreachable
from storage.vault.keeper.protocol import Answer, Ask, Json, connect, read_frame, write_frame

__all__ = ["KeeperClient"]

_PATIENCE_WITH_SILENCE = 1.0
"""Seconds to wait for a keeper that has just left somebody without an answer."""

_AT_THE_STORE = frozenset({"bring_up", "open_texts", "reread", "rewrap", "unlock", "unwrap"})
_TIMES_AT_THE_STORE = 7
"""For these duties the keeper asks the store, whose server it gives up after 30 seconds of silence: it is to tell so itself."""


class KeeperClient:
    """The asking side of one role. Safe to use from several threads.

    patience: seconds to wait for an answer. A keeper that is stopped answers nothing, and waiting longer helps nobody: after one answer
    that did not come the others are waited for less, until one comes, so that those who need no keeper find a thread free.
    """

    def __init__(self, rendezvous_end: socket.socket, patience: float = 5.0) -> None:
        self._rendezvous = rendezvous_end
        self._rendezvous.settimeout(patience)
        self._patience = patience
        self._is_silent = False
        self._own = threading.local()

    def ask(self, duty: str, **values: Json) -> dict[str, Json]:
        """What the keeper answers. Raises as `ask_within` does."""
        return self.ask_within(self._patience * (_TIMES_AT_THE_STORE if duty in _AT_THE_STORE else 1), duty, **values)

    def ask_within(self, patience: float, duty: str, **values: Json) -> dict[str, Json]:
        """The same with a patience (seconds) of its own, where the keeper may be starting, or has much to do.

        Raises KeeperUnreachable when it does not answer in time, and whatever error the duty itself raised.
        """
        for _ in range(2):  # the second time over a new connection: the first may be to a keeper that has died since
            fresh = getattr(self._own, "connection", None) is None
            answer = self._exchange(Ask(duty, values), patience)
            if answer is not None:
                if answer.error is not None:
                    raise answer.error
                return answer.values
            if fresh:
                break
        raise KeeperUnreachable

    def _exchange(self, ask: Ask, patience: float) -> Answer | None:
        try:
            connection = self._connection()
            connection.settimeout(min(patience, _PATIENCE_WITH_SILENCE) if self._is_silent else patience)
            write_frame(connection, ask)
            answer = read_frame(connection)
        except TimeoutError:
            self._is_silent = True
            self._drop()
            raise KeeperUnreachable from None
        except (OSError, ValueError):
            answer = None
        if not isinstance(answer, Answer):
            self._drop()
            return None
        self._is_silent = False
        return answer

    def _connection(self) -> socket.socket:
        connection: socket.socket | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = connect(self._rendezvous)
            self._own.connection = connection
        return connection

    def _drop(self) -> None:
        connection: socket.socket | None = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None
