"""The embedded partition's file: nothing in clear, nothing of a deleted record, nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from storage.errors import IndexBusy, IndexDamaged, IndexOutdated
from storage.ids import RecordId
from storage.index.embedded import EmbeddedPartition, OpenSource, create_partition, open_partition
from tests.storage.index.index_world import ARCHIVE, KEY, TOKENS, entry, found

PAGE, RESERVED, WAL_HEADER, FRAME_HEADER = 4096, 80, 32, 24
CANARY = "zqxjkvw"


def canaries(number: int) -> str:
    """Words that are nowhere else; the letters after a digit keep postings from sharing a beginning."""
    return " ".join(f"{number}{CANARY}{letter}" for letter in "abcdefgh")


def pages(path: Path) -> bytes:
    """Every page of the file and of its log, decrypted one by one as they lie there, free ones too. Source: SQLCipher's design page."""
    data = path.read_bytes()
    sealed = [(data[start : start + PAGE], 16 if start == 0 else 0) for start in range(0, len(data), PAGE)]
    wal = path.with_name(path.name + "-wal")
    log = wal.read_bytes() if wal.exists() else b""
    for start in range(WAL_HEADER, len(log), FRAME_HEADER + PAGE):
        first = int.from_bytes(log[start : start + 4]) == 1
        sealed.append((log[start + FRAME_HEADER : start + FRAME_HEADER + PAGE], 16 if first else 0))
    plain = []
    for page, salt in sealed:
        iv = page[PAGE - RESERVED : PAGE - RESERVED + 16]
        plain.append(Cipher(algorithms.AES(KEY), modes.CBC(iv)).decryptor().update(page[salt : PAGE - RESERVED]))
    return b"".join(plain)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "partition"


def test_the_words_of_a_deleted_record_are_nowhere_in_the_file(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for number in range(6):
            words = canaries(number)
            name, text = f"3{CANARY}id" if number == 3 else f"r{number}", f"{words} thuế đất rừng " * 30
            partition.put(entry(name, words, text, issuer=words, file_name=words, tags=frozenset({words}), ref_code=words))
        for number in range(6):
            assert f"{number}{CANARY}".encode() in pages(path)  # the scanner sees what is there
        partition.delete(RecordId(f"3{CANARY}id"))
        partition.put(entry("r4", "khác", "khác"))
        assert not {term for term in partition.vocabulary() if f"3{CANARY}" in term or f"4{CANARY}" in term}
        partition.expunge()
        left = pages(path)
        for number in range(6):
            assert (f"{number}{CANARY}".encode() in left) == (number not in (3, 4))
        assert [one.record_id for one in partition.entries()] == ["r0", "r1", "r2", "r4", "r5"]
        assert found([OpenSource(partition)], f"5{CANARY}a") == ["r5"]


def test_postings_of_a_deleted_record_go_at_once(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        partition.put(entry("gone", CANARY, CANARY))
        partition.put(entry("stays", "ở lại", "ở lại"))
        assert {CANARY, f"={CANARY}"} <= partition.vocabulary()
        partition.delete(RecordId("gone"))
        assert not any(CANARY in term for term in partition.vocabulary())


def test_deletion_alone_leaves_no_word_on_the_pages_that_stay(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for number in range(3):
            partition.put(entry(f"r{number}", canaries(number), canaries(number)))
        partition.delete(RecordId("r1"))
    left = pages(path)  # the last one to close the file takes its log into it
    assert [number for number in range(3) if f"{number}{CANARY}".encode() in left] == [0, 2]


def test_the_room_of_deleted_records_is_given_back(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        partition.expunge()
        empty = path.stat().st_size
        partition.put(entry("big", text=" ".join(f"từ{number}" for number in range(4_000))))
        partition.delete(RecordId("big"))
        partition.expunge()
        assert path.stat().st_size == empty


def test_expunging_while_another_reads_is_refused_and_can_be_done_again(path: Path) -> None:
    with closing(create_partition(path, KEY, wait_seconds=0.05)) as partition, closing(open_partition(path, KEY)) as reader:
        partition.put(entry("gone", CANARY, CANARY))
        partition.delete(RecordId("gone"))
        with reader.reading() as connection:
            assert list(connection.execute("SELECT count(*) FROM record")) == [(0,)]
            with pytest.raises(IndexBusy):
                partition.expunge()
        partition.expunge()
        assert CANARY.encode() not in pages(path)


def test_nothing_is_in_clear_on_the_disk(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for one in ARCHIVE:
            partition.put(one)
        held = b"".join(file.read_bytes() for file in path.parent.iterdir())
        assert "thu hồi".encode() in pages(path) and b"thue" in pages(path)
        assert not any(word in held for word in ("thu hồi".encode(), b"thue", b"VPTU", b"record", b"SQLite format"))
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_entries_are_given_back_as_they_were_put(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for one in ARCHIVE:
            partition.put(one)
        assert list(partition.entries()) == sorted(ARCHIVE, key=lambda one: one.record_id)
        assert partition.entry(RecordId("tax")) == ARCHIVE[0]
        assert partition.entry(RecordId("none")) is None


def test_more_entries_than_a_batch_are_all_given(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for number in range(205):
            partition.put(entry(f"r{number:03}"))
        assert [one.record_id for one in partition.entries()] == [f"r{number:03}" for number in range(205)]


def test_the_same_entry_again_writes_nothing(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        partition.put(ARCHIVE[0])
        wal = path.with_name("partition-wal")
        before = wal.stat().st_size
        partition.put(ARCHIVE[0])
        assert wal.stat().st_size == before
        partition.put(entry("tax", tokens=TOKENS | {"case:1"}))
        assert wal.stat().st_size > before


def test_another_key_a_damaged_file_and_none_are_refused(path: Path) -> None:
    with pytest.raises(IndexDamaged):
        open_partition(path, KEY)
    create_partition(path, KEY).close()
    with pytest.raises(FileExistsError):
        create_partition(path, KEY)
    with pytest.raises(IndexDamaged):
        open_partition(path, bytes(32))
    path.write_bytes(b"")
    with pytest.raises(IndexDamaged):
        open_partition(path, KEY)
    path.write_bytes(os.urandom(8192))
    with pytest.raises(IndexDamaged):
        open_partition(path, KEY)


ACTS: dict[str, Callable[[EmbeddedPartition], object]] = {
    "count": EmbeddedPartition.count, "list": lambda partition: list(partition.entries()), "expunge": EmbeddedPartition.expunge,
    "ask": lambda partition: found([OpenSource(partition)], "thuế"), "put": lambda partition: partition.put(ARCHIVE[0]),
    "delete": lambda partition: partition.delete(RecordId("r7")),
}  # fmt: skip


def test_whichever_page_is_damaged_an_act_is_done_or_says_so_and_whoever_reads_all_finds_it(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        for number in range(40):
            partition.put(entry(f"r{number}", text=f"thuế đất rừng {number} " * 60))
        assert partition.is_intact()
    intact, refused = path.read_bytes(), set[str]()
    for place in range(PAGE, len(intact), 3 * PAGE):
        path.write_bytes(intact[: place + 1000] + bytes([intact[place + 1000] ^ 1]) + intact[place + 1001 :])
        try:
            partition = open_partition(path, KEY)
        except IndexDamaged:
            continue
        assert not partition.is_intact()
        for name, act in ACTS.items():
            try:
                act(partition)
            except IndexDamaged:
                refused.add(name)
        partition.close()
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink(missing_ok=True)
    assert {"ask", "list", "put", "expunge"} <= refused


def test_postings_of_another_analysis_are_refused(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition, partition.reading() as connection:
        connection.execute("UPDATE property SET value = '0/0.0' WHERE name = 'analysis'")
    with pytest.raises(IndexOutdated):
        open_partition(path, KEY)


def test_a_failure_midway_changes_nothing(path: Path) -> None:
    with closing(create_partition(path, KEY)) as partition:
        partition.put(ARCHIVE[0])
        with pytest.raises(ZeroDivisionError), partition.reading() as connection:
            connection.execute("DELETE FROM need_to_know")
            connection.execute("DELETE FROM body")
            raise ZeroDivisionError
        assert partition.entry(RecordId("tax")) == ARCHIVE[0]


WRITER = """
import sys
from pathlib import Path
from storage.index.embedded import open_partition
from tests.storage.index.index_world import KEY, entry
partition = open_partition(Path(sys.argv[1]), KEY)
for number in range(10_000):
    partition.put(entry(f"r{number:05}", f"số{number}", "thuế đất " * 50))
    print(number, flush=True)
"""


@pytest.mark.servers
def test_what_was_put_is_there_after_a_kill(path: Path) -> None:
    create_partition(path, KEY).close()
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    acknowledged = int(lines[-1])
    with closing(open_partition(path, KEY)) as partition:
        _holds(partition, acknowledged)


def _holds(partition: EmbeddedPartition, acknowledged: int) -> None:
    """Everything acknowledged is found; at most one more, that was being written, and that one whole."""
    names = [one.record_id for one in partition.entries()]
    assert names == [f"r{number:05}" for number in range(len(names))] and len(names) in (acknowledged + 1, acknowledged + 2)
    assert len(found([OpenSource(partition)], "thuế")) == min(len(names), 100)
    assert found([OpenSource(partition)], f"số{acknowledged}") == [f"r{acknowledged:05}"]
    partition.put(entry("r99999", "sau đó"))
    assert found([OpenSource(partition)], "sau đó") == ["r99999"]
