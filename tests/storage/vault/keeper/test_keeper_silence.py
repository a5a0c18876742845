"""A keeper that says nothing is waited for once; whoever asks next learns of it soon, until it speaks again."""

from __future__ import annotations

import threading
import time

import pytest

from storage.errors import KeeperUnreachable
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import Answer, meet, read_frame, rendezvous, write_frame

pytestmark = pytest.mark.servers

PATIENCE = 1.5


def refused_after(client: KeeperClient) -> float:
    start = time.monotonic()
    with pytest.raises(KeeperUnreachable):
        client.ask("anything")
    return time.monotonic() - start


def test_only_the_first_waits_long_and_an_answer_gives_the_patience_back() -> None:
    theirs, ours = rendezvous()
    client = KeeperClient(ours, PATIENCE)
    assert refused_after(client) >= PATIENCE
    assert refused_after(client) < PATIENCE

    def speak_once() -> None:
        for _ in range(3):  # the connections of the two who gave up, and that of the one who is answered
            connection = meet(theirs)
            assert connection is not None
            read_frame(connection)
            try:
                write_frame(connection, Answer({"said": "here"}))
            except OSError:
                continue
        read_frame(connection)  # and nothing more is said
        ended.wait()

    ended = threading.Event()
    speaker = threading.Thread(target=speak_once)
    speaker.start()
    assert client.ask("anything") == {"said": "here"}
    assert refused_after(client) >= PATIENCE
    ended.set()
    speaker.join()
    for end in (theirs, ours):
        end.close()
