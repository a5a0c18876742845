"""Words of closed records are on no server, in no log and in no dump; those of a record that closes leave them all."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from elasticsearch.helpers import scan
from psycopg import sql

from storage.servers import Server
from tests.instances import Instance
from tests.proofs.servers.conftest import Heard, Servers
from tests.search_api.papers import notice, secret
from tests.servers.postgresql import connection_string
from tests.waiting import until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

OPEN_WORDS = ("quạtchanhkhơi", "mựcthuyềnrồng")
CLOSED_WORDS = ("hảiđăngngọcbích", "sươngmaithạchđộng")


def forms(word: str) -> list[bytes]:
    """As it may stand somewhere: in capitals, without marks, decomposed, in UTF-16, escaped in JSON, and as hex."""
    folded = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)).replace("đ", "d")
    texts = {word, word.upper(), folded, unicodedata.normalize("NFD", word), word.encode("unicode_escape").decode("ascii")}
    found = {text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le")}
    return sorted(found | {form.hex().encode() for form in found})


def dumped_catalog(database: Server, superuser: Server) -> bytes:
    """Every row of every table, as a superuser reads them."""
    with psycopg.connect(connection_string(superuser), dbname=database.path) as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') "
            "UNION VALUES ('pg_catalog', 'pg_statistic') ORDER BY 1, 2"
        )
        found = []
        for schema, table in cursor.fetchall():
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, table))) as rows:
                found += [bytes(piece) for piece in rows]
    return b"".join(found)


def dumped_index(servers: Servers) -> bytes:
    """Every document of every index, as a superuser reads them, with every stored field."""
    with servers.index.client() as admin:
        query = {"query": {"match_all": {}}, "stored_fields": ["*"], "_source": True}
        return repr(list(scan(admin, index="*,.*", query=query, size=500))).encode()


class Search:
    """Looks for words in every place where one could be."""

    def __init__(self, servers: Servers, served: Heard) -> None:
        self._servers, self._instance = servers, served.instance

    def places(self, words: tuple[str, ...]) -> set[str]:
        """Dumps by name, and files, in which one of the words stands."""
        wanted = [form for word in words for form in forms(word)]
        found = {name for name, content in self._contents() if any(form in content for form in wanted)}
        return found | {str(path) for path in self._files() if any(form in str(path).encode() for form in wanted)}

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        dumps: dict[str, Callable[[], bytes]] = {
            "debug dump": lambda: self._instance.run("debug", "dump").stdout.encode(),
            "catalog": lambda: dumped_catalog(self._servers.database, self._servers.catalog.server()),
            "index": lambda: dumped_index(self._servers),
        }
        for name, dump in dumps.items():
            yield name, dump()
        for path in self._files():
            try:
                yield str(path), path.read_bytes()
            except FileNotFoundError:  # a server at work replaces its files
                continue

    def _files(self) -> Iterator[Path]:
        for folder in (self._instance.base, *self._servers.folders):
            yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def deposited(instance: Instance, text: str, words: tuple[str, ...]) -> str:
    """A record made of a file that is named by a word, too."""
    paper = instance.base / f"{words[1]}.txt"
    paper.write_text(text, "utf-8")
    (row, _) = instance.json("ingest", paper)
    paper.unlink()
    assert (row["outcome"], row["indexed"]) == ("stored", True)
    return str(row["record_id"])


def forget(servers: Servers) -> None:
    """What docs/postgresql.md says makes a server remove files of its write-ahead log: nothing in them is needed any more."""
    with psycopg.connect(connection_string(servers.catalog.server()), autocommit=True) as admin:
        for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
            admin.execute(statement)


@pytest.fixture
def forgetful(servers: Servers) -> Iterator[None]:
    """The server removes files of its write-ahead log, and keeps none to be written over."""
    with psycopg.connect(connection_string(servers.catalog.server()), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET wal_recycle = off")
        admin.execute("SELECT pg_reload_conf()")
        yield
        admin.execute("ALTER SYSTEM RESET wal_recycle")
        admin.execute("SELECT pg_reload_conf()")


@pytest.mark.filterwarnings("ignore:this request accesses system indices")
@pytest.mark.usefixtures("forgetful")
def test_closed_words_are_nowhere_and_those_of_a_record_that_closes_go_everywhere(servers: Servers, served: Heard) -> None:
    instance, search = served.instance, Search(servers, served)
    opened = deposited(instance, notice(7, OPEN_WORDS[0], f"{OPEN_WORDS[1]} ." * 3), OPEN_WORDS)
    closed = deposited(instance, secret(8, CLOSED_WORDS[0], f"{CLOSED_WORDS[1]} ." * 3), CLOSED_WORDS)
    assert instance.json("search", OPEN_WORDS[1])[0]["total"] == instance.json("search", CLOSED_WORDS[1])[0]["total"] == 1
    with servers.index.client() as admin:
        admin.indices.flush(index="vk-*")
    forget(servers)

    where = search.places(OPEN_WORDS)
    assert {"debug dump", "catalog", "index"} <= where, "the search finds what stands in clear"
    assert any("/indices/" in place for place in where) and any("/base/" in place for place in where), where
    assert search.places(CLOSED_WORDS) == set()

    instance.run("reclassify", opened, "--level", "TOI_MAT", "--reason", "thử")
    until(lambda: instance.json("status")[0]["index_waiting"] == 0, 120, "the index forgot it")
    until(lambda: "older state" not in instance.run("--lang", "en", "status").stdout, 120, "the catalog forgot it")
    forget(servers)
    assert search.places(OPEN_WORDS) == set()
    assert instance.json("search", OPEN_WORDS[1])[0]["total"] == 1
    (checked,) = instance.json("check", "--read-data")
    assert checked["findings"] == []
    for record in (opened, closed):
        assert instance.json("show", record)[0]["confidential"] is True
