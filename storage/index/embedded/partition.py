"""An embedded partition: SQLite FTS5 in a SQLCipher file under the partition's own key."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import cast

from classification.levels import Level
from storage.catalog._sqlcipher import DRIVER, KEY_BYTES
from storage.catalog.names import OfficeId
from storage.durable import sync_folder
from storage.errors import IndexBusy, IndexDamaged, IndexOutdated
from storage.ids import RecordId
from storage.index.analysis import ANALYSIS_VERSION, Token, analyse
from storage.index.embedded.connection import Connection, Row, opened, refusing
from storage.index.embedded.schema import CREATE, WORD_COLUMNS, count_column, word_column
from storage.index.entry import IndexEntry
from storage.index.fields import cleaned, searched
from storage.index.frequency import counted_forms

__all__ = ["EmbeddedPartition", "create_partition", "open_or_make", "open_partition"]

WAIT_SECONDS = 30.0
_TABLES_OF_RECORD = (("need_to_know", "id"), ("body", "id"), ("word", "rowid"), ("frequency", "rowid"), ("record", "id"))


class EmbeddedPartition:
    """One partition's file, open. Threads may share it and take turns; to read in several at once, open it as often."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.RLock()

    def close(self) -> None:
        """Give the file back."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The partition as it is at one moment, for several questions that must agree."""
        with self._begun("BEGIN") as connection:
            yield connection

    def put(self, entry: IndexEntry) -> None:
        """Take a record in, or its newer form instead of an older one; durable when this returns. The same again changes nothing."""
        entry = cleaned(entry)
        digest = _digest(entry)
        with self._begun("BEGIN IMMEDIATE") as connection:
            held = connection.execute("SELECT digest FROM record WHERE record_id = ?", (entry.record_id,)).fetchone()
            if held != (digest,):
                _delete(connection, entry.record_id)
                _insert(connection, entry, digest)

    def delete(self, record_id: RecordId) -> None:
        """Give a record up; it is in no answer from now on. Its words leave the file's free space at `expunge`."""
        with self._begun("BEGIN IMMEDIATE") as connection:
            _delete(connection, record_id)

    def expunge(self) -> None:
        """Rewrite the file, so that nothing of a deleted record is left on any page of it or of its log.

        Raises IndexBusy where another process reads at this moment; then it must be done again.
        """
        with self._turn, self._telling_damage():
            self._connection.execute("INSERT INTO word (word) VALUES ('optimize')")
            self._connection.execute("INSERT INTO frequency (frequency) VALUES ('optimize')")
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if busy is None or busy[0]:
                raise IndexBusy

    def is_intact(self) -> bool:
        """Whether every page of the file, as it lies there, is one that was written under its key."""
        with self._turn, refusing():
            return next(iter(self._connection.execute("PRAGMA cipher_integrity_check")), None) is None

    def count(self) -> int:
        """How many records there are."""
        with self.reading() as connection:
            return cast("tuple[int]", connection.execute("SELECT count(*) FROM record").fetchone())[0]

    def vocabulary(self) -> frozenset[str]:
        """Every term of the postings, for the debug dump."""
        with self.reading() as connection:
            return frozenset(str(term) for (term,) in connection.execute("SELECT term FROM word_term UNION SELECT term FROM term"))

    def entries(self) -> Iterator[IndexEntry]:
        """All records as they are stored, by id, for the debug dump and for comparing with the catalog; others may write meanwhile."""
        last = ""
        while True:
            with self.reading() as connection:
                rows = list(connection.execute(_STORED + " WHERE record_id > ? ORDER BY record_id LIMIT 100", (last,)))
            if not rows:
                return
            for row in rows:
                entry = _entry(row)
                last = entry.record_id
                yield entry

    def entry(self, record_id: RecordId) -> IndexEntry | None:
        """One record as it is stored."""
        with self.reading() as connection:
            row = connection.execute(_STORED + " WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else _entry(row)

    @contextmanager
    def _begun(self, begin: str) -> Iterator[Connection]:
        with self._turn, self._telling_damage():
            self._connection.execute(begin)
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # a full disk ends it by itself
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _telling_damage(self) -> Iterator[None]:
        """As `refusing`, also where a damaged page is not said to be one: it made VACUUM an error of the statement, and FTS5 run out of memory."""
        try:
            with refusing():
                yield
        except (DRIVER.Error, MemoryError) as error:
            if self.is_intact():
                raise
            raise IndexDamaged from error


def create_partition(path: Path, key: bytes, wait_seconds: float = WAIT_SECONDS) -> EmbeddedPartition:
    """A new, empty partition at `path`, readable by its owner alone. key: 32 raw bytes. Raises FileExistsError where there is a file.

    wait_seconds: how long to wait for other processes that write; then IndexBusy.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a partition's key has {KEY_BYTES} bytes")
    path.touch(mode=0o600, exist_ok=False)
    connection = opened(path, key, wait_seconds)
    with refusing():
        connection.execute("BEGIN IMMEDIATE")
        for statement in CREATE:
            connection.execute(statement)
        connection.execute("INSERT INTO property VALUES ('analysis', ?)", (ANALYSIS_VERSION,))
        connection.execute("COMMIT")
    return EmbeddedPartition(connection)


def open_or_make(path: Path, key: bytes) -> EmbeddedPartition:
    """The partition at `path`, made where there is none: under another name first, so that a crash leaves a whole one or none.

    Raises as `open_partition` does, but for a file that is not there.
    """
    if not path.exists():
        draft = path.with_name(f".{path.name}.part")
        for left in path.parent.glob(f"{draft.name}*"):
            left.unlink()
        create_partition(draft, key).close()  # the last connection empties the log into the file
        draft.rename(path)
        sync_folder(path.parent)
    return open_partition(path, key)


def open_partition(path: Path, key: bytes, wait_seconds: float = WAIT_SECONDS) -> EmbeddedPartition:
    """The partition at `path`, as `create_partition` made it.

    Raises IndexDamaged where there is none or it does not open under this key, and IndexOutdated where its postings were made by
    another version of the analysis: both are cured by building it again.
    """
    if not path.is_file():
        raise IndexDamaged
    connection = opened(path, key, wait_seconds)
    with refusing():
        tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'property'").fetchone()
        version = connection.execute("SELECT value FROM property WHERE name = 'analysis'").fetchone() if tables == (1,) else None
    if version != (ANALYSIS_VERSION,):
        connection.close()
        raise IndexDamaged if version is None else IndexOutdated
    return EmbeddedPartition(connection)


def _digest(entry: IndexEntry) -> bytes:
    values = [getattr(entry, name) for name in IndexEntry.__slots__]
    plain = [sorted(value) if isinstance(value, frozenset) else str(value) if isinstance(value, date) else value for value in values]
    return hashlib.sha256(json.dumps([ANALYSIS_VERSION, plain]).encode()).digest()


def _delete(connection: Connection, record_id: RecordId) -> None:
    row = connection.execute("SELECT id FROM record WHERE record_id = ?", (record_id,)).fetchone()
    if row is not None:
        for table, column in _TABLES_OF_RECORD:
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", row)  # noqa: S608 (names of ours)


def _insert(connection: Connection, entry: IndexEntry, digest: bytes) -> None:
    fields = {field: analyse(text) for field, text in searched(entry).items()}
    subject, text = counted_forms(fields)
    listed = (
        entry.record_id, digest, entry.office, entry.level.value, entry.ref_code, entry.doc_type, entry.issuer,
        None if entry.date is None else entry.date.isoformat(), entry.subject, entry.page_count, json.dumps(sorted(entry.tags)),
        subject.length, text.length,
    )  # fmt: skip
    number = connection.execute("INSERT INTO record VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", listed).lastrowid
    connection.execute("INSERT INTO body VALUES (?, ?, ?)", (number, entry.text, entry.file_name))
    connection.executemany("INSERT INTO need_to_know VALUES (?, ?)", [(token, number) for token in sorted(entry.tokens)])
    words = {word_column(name, exact=exact): _joined(tokens, exact=exact) for name, tokens in fields.items() for exact in (True, False)}
    _insert_terms(connection, "word", number, {column: words[column] for column in WORD_COLUMNS})
    columns: dict[str, list[str]] = {}
    for name, form in (("subject", subject), ("text", text)):
        for term, count in form.counts.items():
            columns.setdefault(count_column(name, count), []).append(term)
    _insert_terms(connection, "frequency", number, {column: " ".join(terms) for column, terms in columns.items()})


def _joined(tokens: tuple[Token, ...], *, exact: bool) -> str:
    return " ".join(token.exact if exact else token.folded for token in tokens)


def _insert_terms(connection: Connection, table: str, number: int, columns: dict[str, str]) -> None:
    statement = f"INSERT INTO {table} ({', '.join(['rowid', *columns])}) VALUES ({', '.join('?' * (1 + len(columns)))})"  # noqa: S608
    connection.execute(statement, (number, *columns.values()))


_STORED = """
    SELECT record_id, office, level, ref_code, doc_type, issuer, day, subject, text, file_name, page_count, tags,
           (SELECT json_group_array(token) FROM need_to_know WHERE need_to_know.id = record.id)
    FROM record JOIN body USING (id)
"""


def _entry(row: Row) -> IndexEntry:
    record_id, office, level, ref_code, doc_type, issuer, day, subject, text, file_name, page_count, tags, tokens = cast("_Stored", row)
    return IndexEntry(
        RecordId(record_id), OfficeId(office), Level(level), ref_code, doc_type, issuer, None if day is None else date.fromisoformat(day),
        subject, text, file_name, page_count, frozenset(json.loads(tags)), frozenset(json.loads(tokens)),
    )  # fmt: skip


_Stored = tuple[str, str, int, str | None, str | None, str | None, str | None, str, str, str, int | None, str, str]
