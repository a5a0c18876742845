"""A small archive for the index, and what every engine must offer to be tested by the same promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Protocol

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RandomIds, RecordId
from storage.index.elastic import ElasticClosedIndex, ElasticOpenIndex, Kind, forget_elastic, found_elastic
from storage.index.embedded import ClosedSource, EmbeddedPartition, OpenSource, create_partition, open_partition
from storage.index.entry import FacetField, IndexEntry
from storage.index.filters import Condition
from storage.index.merge import Answer, ask
from storage.index.open_index import Applied, Change
from storage.index.query import parse_query
from storage.index.question import Question, Sort, Source
from storage.servers import Server

KEY = bytes(range(32))
OFFICE = OfficeId("vptu")
TOKENS = frozenset({"office:vptu"})
TYPES = {"Chỉ thị": "DIRECTIVE", "Công văn": "LETTER", "Báo cáo": "REPORT", "Quyết định": "DECISION"}


class Partition(Protocol):
    """What the tests need of a partition."""

    def put(self, *entries: IndexEntry) -> None: ...
    def delete(self, record_id: RecordId) -> None: ...
    def close(self) -> None: ...


class Closing(Protocol):
    """One engine of closed partitions, which asks one as someone with these tokens."""

    def make(self, name: str) -> Partition: ...
    def closed_source(self, partition: Partition, tokens: frozenset[str] = ...) -> Source: ...


class Engine(Protocol):
    """One engine: it makes partitions and asks open ones, together, each without some of its records."""

    def make(self, name: str) -> Partition: ...
    def again(self, partition: Partition) -> Partition: ...
    def archive(self) -> Partition: ...
    def asked(self, *partitions: Partition, without: frozenset[RecordId] = frozenset()) -> list[Source]: ...


class File:
    """A partition in a file, as the tests write to it."""

    def __init__(self, name: str, partition: EmbeddedPartition) -> None:
        self.name, self.partition = name, partition

    def put(self, *entries: IndexEntry) -> None:
        for one in entries:
            self.partition.put(one)

    def delete(self, record_id: RecordId) -> None:
        self.partition.delete(record_id)

    def close(self) -> None:
        self.partition.close()


class Embedded:
    """SQLite FTS5 in SQLCipher files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str) -> File:
        return File(name, create_partition(self.folder / name, KEY))

    def again(self, partition: Partition) -> File:
        assert isinstance(partition, File)
        return File(partition.name, open_partition(self.folder / partition.name, KEY))

    def archive(self) -> File:
        made = self.make("archive")
        made.put(*ARCHIVE)
        return made

    def asked(self, *partitions: Partition, without: frozenset[RecordId] = frozenset()) -> list[Source]:
        return [OpenSource(partition.partition, without) for partition in partitions if isinstance(partition, File)]

    def closed_source(self, partition: Partition, tokens: frozenset[str] = TOKENS) -> Source:
        assert isinstance(partition, File)
        return ClosedSource(partition.partition, tokens)


class Office:
    """The index of one office on Elasticsearch, as the tests write to it."""

    def __init__(self, index: ElasticOpenIndex, office: OfficeId, versions: Iterator[int]) -> None:
        self.index, self.office, self.versions = index, office, versions

    def put(self, *entries: IndexEntry) -> None:
        assert self.index.apply([Change(self.office, one.record_id, next(self.versions), one) for one in entries]) == Applied()

    def delete(self, record_id: RecordId) -> None:
        assert self.index.apply([Change(self.office, record_id, next(self.versions), None)]) == Applied()

    def close(self) -> None:
        self.index.close()


class Elastic:
    """Elasticsearch, whose worker writes and whose api asks, each by its own key."""

    kind = Kind.OPEN

    def __init__(self, server: Server) -> None:
        self.server, self.instance = server, RandomIds().new("instance")
        self.founded = found_elastic(server, self.instance, self.kind)
        self.open_all()
        self.versions = count(1)
        self.kept: Office | None = None

    def open_all(self) -> None:
        self.api, self.worker = (self.opened(role) for role in ("api", "worker"))

    def opened(self, role: str) -> ElasticOpenIndex:
        return ElasticOpenIndex(self.server.with_credential(self.founded.credentials[role]), self.instance)

    def make(self, name: str) -> Office:
        made = Office(self.worker, OfficeId(f"{name}-{next(self.versions)}"), self.versions)
        made.delete(RecordId("none"))  # so that its index is there
        return made

    def again(self, partition: Partition) -> Office:
        assert isinstance(partition, Office)
        return Office(self.opened("worker"), partition.office, self.versions)

    def archive(self) -> Office:
        if self.kept is None:
            self.kept = self.make("archive")
            self.kept.put(*ARCHIVE)
        return self.kept

    def asked(self, *partitions: Partition, without: frozenset[RecordId] = frozenset()) -> list[Source]:
        with self.api.asking({partition.office: without for partition in partitions if isinstance(partition, Office)}) as sources:
            return sources

    def remove(self) -> None:
        for index in (self.api, self.worker):
            index.close()
        forget_elastic(self.server, self.instance, self.founded.keys, self.kind)


class ElasticClosed(Elastic):
    """Closed partitions on Elasticsearch, which the keeper writes and asks."""

    kind = Kind.CLOSED

    def open_all(self) -> None:
        self.api = self.worker = self.keeper = self.opened("keeper")

    def opened(self, role: str) -> ElasticClosedIndex:
        return ElasticClosedIndex(self.server.with_credential(self.founded.credentials["keeper"]), self.instance)

    def closed_source(
        self, partition: Partition, tokens: frozenset[str] = TOKENS, without: frozenset[RecordId] = frozenset()
    ) -> Source:
        assert isinstance(partition, Office)
        with self.keeper.asking_as({partition.office: tokens}, {partition.office: without}) as sources:
            return sources[0]


def entry(name: str, subject: str = "", text: str = "", **more: object) -> IndexEntry:
    """A record of the office, known to whoever knows the office's."""
    made = IndexEntry(RecordId(name), OFFICE, Level.NON_CONFIDENTIAL, subject=subject, text=text, tokens=TOKENS)
    return replace(made, **more)  # type: ignore[arg-type]


ARCHIVE = (
    entry(
        "tax", "Mở rộng nộp thuế điện tử đối với cá nhân kinh doanh",
        "ỦY BAN NHÂN DÂN TỈNH LÀO CAI\nSố: 15-CV/VPTU\nKính gửi: Cục Thuế tỉnh. Thực hiện nộp thuế điện tử, hóa đơn điện tử.",
        ref_code="15-CV/VPTU", doc_type="LETTER", issuer="Văn phòng Tỉnh ủy Lào Cai", date=date(2019, 7, 24), tags=frozenset({"thuế", "điện tử"}),
    ),
    entry(
        "land", "Thu hồi đất phục vụ dự án đường tránh", "Quyết định thu hồi đất, bồi thường, giải phóng mặt bằng của UBND huyện Bảo Thắng.",
        ref_code="249/2025/QĐ-UBND", doc_type="DECISION", issuer="Ủy ban nhân dân tỉnh Lào Cai", date=date(2025, 2, 3), tags=frozenset({"đất đai"}),
        page_count=2,
    ),
    entry(
        "report", "Báo cáo tình hình quý I năm 2025", "Căn cứ Quyết định số 249/2025/QĐ-UBND về thu hồi đất; công tác thuế đạt 40.976 triệu đồng.",
        ref_code="77-BC/VPTU", doc_type="REPORT", issuer="Văn phòng Tỉnh ủy Lào Cai", date=date(2025, 4, 1), level=Level.MAT,
    ),
    entry("plain", "", "Một tờ giấy không có tiêu đề, nói về hòa giải ở cơ sở.", file_name="tờ giấy cũ.txt"),
)  # fmt: skip


def search(
    sources: Iterable[Source], text: str, *filters: Condition, sort: Sort = Sort.RANK, limit: int = 100, facets: tuple[FacetField, ...] = (),
    snippets: bool = False,
) -> Answer:  # fmt: skip
    """Ask as the program does."""
    question = Question(parse_query(text, TYPES), filters, sort, limit, facets=facets, snippets=snippets)
    return ask(question, list(sources))


def found(sources: Iterable[Source], text: str, *filters: Condition) -> list[str]:
    """Ids in the order of the answer; nothing where words had to be left out."""
    answer = search(sources, text, *filters)
    return [] if answer.relaxed else [hit.record_id for hit in answer.found.hits]
