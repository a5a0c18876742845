"""A small archive for the index, and what every engine must offer to be tested by the same promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Protocol

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.embedded import EmbeddedPartition, create_partition, open_partition
from storage.index.entry import FacetField, IndexEntry
from storage.index.filters import Condition
from storage.index.merge import Answer, ask
from storage.index.query import parse_query
from storage.index.question import Question, Sort, Source
from storage.index.searching import ClosedSource, OpenSource

KEY = bytes(range(32))
OFFICE = OfficeId("vptu")
TOKENS = frozenset({"office:vptu"})
TYPES = {"Chỉ thị": "DIRECTIVE", "Công văn": "LETTER", "Báo cáo": "REPORT", "Quyết định": "DECISION"}


class Partition(Protocol):
    """What the tests need of a partition."""

    def put(self, entry: IndexEntry) -> None: ...
    def delete(self, record_id: RecordId) -> None: ...
    def close(self) -> None: ...


class Engine(Protocol):
    """One engine: it makes partitions and asks them."""

    def make(self, name: str) -> Partition: ...
    def again(self, name: str) -> Partition: ...
    def open_source(self, partition: Partition, without: frozenset[RecordId] = frozenset()) -> Source: ...
    def closed_source(self, partition: Partition, tokens: frozenset[str] = TOKENS) -> Source: ...


class Embedded:
    """SQLite FTS5 in SQLCipher files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str) -> EmbeddedPartition:
        return create_partition(self.folder / name, KEY)

    def again(self, name: str) -> EmbeddedPartition:
        return open_partition(self.folder / name, KEY)

    def open_source(self, partition: Partition, without: frozenset[RecordId] = frozenset()) -> Source:
        assert isinstance(partition, EmbeddedPartition)
        return OpenSource(partition, without)

    def closed_source(self, partition: Partition, tokens: frozenset[str] = TOKENS) -> Source:
        assert isinstance(partition, EmbeddedPartition)
        return ClosedSource(partition, tokens)


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
