"""Searching an embedded partition: what matches, in which order, counted by field; open ones by their own statistics, closed ones by frozen ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.embedded.connection import Connection, Row, Value
from storage.index.embedded.fts import expression
from storage.index.embedded.partition import EmbeddedPartition
from storage.index.embedded.schema import COLUMN_COUNTS
from storage.index.entry import FacetField, Hit, PartitionAnswer, Snippet, SortKey
from storage.index.filters import Condition, During
from storage.index.merge import counted
from storage.index.needs import Need
from storage.index.question import Question
from storage.index.ranking import FROZEN, Counted, Lengths, Occurrence, Statistics, Tier, scores
from storage.index.relaxing import Partial
from storage.index.snippets import snippets

__all__ = ["ClosedSource", "OpenSource"]


@dataclass(frozen=True, slots=True)
class OpenSource:
    """An open partition. without: records that are to be in no answer, because the index has yet to learn what became of them."""

    partition: EmbeddedPartition
    without: frozenset[RecordId] = frozenset()

    def statistics(self, question: Question) -> Counted:
        """Counts over all records but those `without`."""
        if question.by_date:
            return Counted()
        hidden = json.dumps(sorted(self.without))
        with self.partition.reading() as connection:
            lengths = _row(connection, "SELECT count(*), sum(subject_length), sum(text_length) FROM record")
            if self.without:
                lengths = _row(connection, f"SELECT count(*), sum(subject_length), sum(text_length) FROM record WHERE {_VISIBLE}", hidden)  # noqa: S608
            containing = {term: self._containing(connection, term, hidden) for term in question.query.terms}
        records, subject, text = (cast("int", value or 0) for value in lengths)
        return Counted(records, subject, text, containing)

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found here."""
        with self.partition.reading() as connection:
            return _Search(connection, question, statistics, _VISIBLE, json.dumps(sorted(self.without))).answer(floor)

    def partial(self, question: Question) -> Partial:
        """What is to be had here."""
        with self.partition.reading() as connection:
            return _Search(connection, question, FROZEN, _VISIBLE, json.dumps(sorted(self.without))).partial()

    def _containing(self, connection: Connection, term: str, hidden: str) -> int:
        if not self.without:
            row = connection.execute("SELECT doc FROM term WHERE term = ?", (term,)).fetchone()
            return 0 if row is None else cast("int", row[0])
        statement = f"SELECT count(DISTINCT doc) FROM posting JOIN record ON record.id = doc WHERE term = ? AND {_VISIBLE}"  # noqa: S608
        return cast("int", _row(connection, statement, term, hidden)[0])


@dataclass(frozen=True, slots=True)
class ClosedSource:
    """A closed partition as someone with these need-to-know tokens may ask it: of all other records nothing is seen, counted or weighed."""

    partition: EmbeddedPartition
    tokens: frozenset[str]
    without: frozenset[RecordId] = frozenset()

    def statistics(self, question: Question) -> Counted:
        """Nothing: what is counted here would tell of records that she may not read."""
        return Counted()

    def answer(self, question: Question, statistics: Counted, floor: float | None) -> PartitionAnswer:
        """What is found here; the statistics of open partitions are not used."""
        with self.partition.reading() as connection:
            return self._search(connection, question).answer(floor)

    def partial(self, question: Question) -> Partial:
        """What is to be had here of what she may read."""
        with self.partition.reading() as connection:
            return self._search(connection, question).partial()

    def _search(self, connection: Connection, question: Question) -> _Search:
        return _Search(connection, question, FROZEN, _KNOWN, json.dumps(sorted(self.without)), json.dumps(sorted(self.tokens)))


_VISIBLE = "record.record_id NOT IN (SELECT value FROM json_each(?))"
_KNOWN = f"{_VISIBLE} AND record.id IN (SELECT id FROM need_to_know WHERE token IN (SELECT value FROM json_each(?)))"  # noqa: S608


class _Search:
    """One question to one file. seen: the SQL condition of records that may be known of, with its values."""

    def __init__(self, connection: Connection, question: Question, statistics: Statistics, seen: str, *values: str) -> None:
        self._connection = connection
        self._question = question
        self._statistics = statistics
        self._where, self._values = [seen], list[Value](values)
        for condition in question.conditions:
            self._demand(condition)
        for need in question.query.excluded:
            self._where.append("record.id NOT IN (SELECT rowid FROM word WHERE word MATCH ?)")
            self._values.append(expression([need]))

    def answer(self, floor: float | None) -> PartitionAnswer:
        """The page asked for, with total and facets of everything that matches."""
        rows = self._matching(floor)
        keys = sorted(self._keys(rows, relaxed=floor is not None).items(), key=lambda one: one[1])
        after = self._question.after
        page = [one for one in keys if after is None or one[1] > after]
        limit = self._question.limit
        hits = tuple(self._hit(number, key) for number, key in page[:limit])
        counts = {field: Counter(value for row in rows.values() for value in _facet_values(field, row)) for field in self._question.facets}
        return PartitionAnswer(len(rows), hits, {field: counted(count) for field, count in counts.items()}, more=len(page) > limit)

    def _demand(self, condition: Condition) -> None:
        if isinstance(condition, During):
            said, values = "day BETWEEN ? AND ?", [condition.first.isoformat(), condition.last.isoformat()]
        else:
            named = condition.field is FacetField.LEVEL
            said, values = _SAID[condition.field], [json.dumps([Level[value].value for value in condition.values] if named else condition.values)]
        self._where.append(f"NOT coalesce({said}, FALSE)" if condition.negated else said)
        self._values += values

    def partial(self) -> Partial:
        """What the records that may be known of hold of the words that may be left out."""
        present, carried = self._carried(self._rows(relaxed=True))
        return Partial(frozenset(present), max(carried.values(), default=0.0))

    def _matching(self, floor: float | None) -> dict[int, Row]:
        """The rows of all records that match, by number."""
        rows = self._rows(relaxed=floor is not None)
        if floor is None:
            return rows
        _, carried = self._carried(rows)
        return {number: row for number, row in rows.items() if carried[number] > floor}

    def _rows(self, *, relaxed: bool) -> dict[int, Row]:
        """The rows of all records that hold what must be had; relaxed: words that may be left out need not."""
        must = [group.need for group in self._question.query.groups if group.weight is None or not relaxed]
        where, values = list(self._where), list(self._values)
        if must:
            where.append("record.id IN (SELECT rowid FROM word WHERE word MATCH ?)")
            values.append(expression(must))
        statement = f"SELECT {_LISTED} FROM record WHERE {' AND '.join(where)}"  # noqa: S608
        return {cast("int", row[0]): row for row in self._connection.execute(statement, values)}

    def _carried(self, rows: Mapping[int, Row]) -> tuple[set[int], dict[int, float]]:
        """Which of the words that may be left out these records hold, and how much of their weight each."""
        present, carried = set(), dict.fromkeys(rows, 0.0)
        for place, group in enumerate(self._question.query.groups):
            if group.weight is not None and (holding := self._holding([group.need]) & rows.keys()):
                present.add(place)
                for number in holding:
                    carried[number] += group.weight
        return present, carried

    def _holding(self, needs: list[Need]) -> set[int]:
        """The numbers of records that hold all of the needs, whether they may be known of or not."""
        if not needs:
            return set()
        found = self._connection.execute("SELECT rowid FROM word WHERE word MATCH ?", (expression(needs),))
        return {cast("int", number) for (number,) in found}

    def _keys(self, rows: Mapping[int, Row], *, relaxed: bool) -> dict[int, SortKey]:
        if self._question.by_date:
            return {number: SortKey(0, -_ordinal(row[2]), RecordId(str(row[1]))) for number, row in rows.items()}
        if not rows:
            return {}
        query = self._question.query
        lengths = {number: Lengths(*cast("tuple[int, int]", row[3:5])) for number, row in rows.items()}
        ranked = scores(query, self._statistics, lengths, {term: self._occurrences(term, rows) for term in query.terms})
        code = set[int]().union(*(self._holding([run]) for run in query.codes))
        subject = set() if relaxed else self._holding([group.in_subject for group in query.groups])
        typed = set() if relaxed else self._holding([group.as_written for group in query.groups])
        return {number: SortKey(_tier(number, code, subject, typed), -ranked[number], RecordId(str(row[1]))) for number, row in rows.items()}

    def _occurrences(self, term: str, rows: Mapping[int, Row]) -> dict[int, Occurrence]:
        """Which of these records hold a term. The hottest loop of all: what can be looked up is not made anew."""
        found: dict[int, Occurrence] = {}
        for posting in self._connection.execute("SELECT doc, col FROM posting WHERE term = ?", (term,)):
            number, column = cast("tuple[int, str]", posting)
            if number in rows:
                held, here = found.get(number), _OCCURRENCES[column]
                found[number] = here if held is None else Occurrence(held.subject or here.subject, held.text or here.text)
        return found

    def _hit(self, number: int, key: SortKey) -> Hit:
        row = _row(self._connection, f"SELECT {_SHOWN} FROM record WHERE id = ?", number)  # noqa: S608
        office, level, ref_code, doc_type, issuer, day, subject, page_count = cast("_Shown", row)
        cut: tuple[Snippet, ...] = ()
        if self._question.snippets and self._question.query.groups:
            (text,) = _row(self._connection, "SELECT text FROM body WHERE id = ?", number)
            cut = snippets(self._question.query, str(text)) or snippets(self._question.query, str(subject))
        printed = None if day is None else date.fromisoformat(day)
        return Hit(key, OfficeId(office), Level(level), ref_code, doc_type, issuer, printed, subject, page_count, cut)


_Shown = tuple[str, int, str | None, str | None, str | None, str | None, str, int | None]
_OCCURRENCES = {column: Occurrence(**{field: count}) for column, (field, count) in COLUMN_COUNTS.items()}
_LISTED = "id, record_id, day, subject_length, text_length, doc_type, issuer, office, level, tags"
_SHOWN = "office, level, ref_code, doc_type, issuer, day, subject, page_count"
_AMONG = "IN (SELECT value FROM json_each(?))"
_SAID = {
    FacetField.DOC_TYPE: f"doc_type {_AMONG}",
    FacetField.ISSUER: f"issuer {_AMONG}",
    FacetField.OFFICE: f"office {_AMONG}",
    FacetField.LEVEL: f"level {_AMONG}",
    FacetField.YEAR: f"substr(day, 1, 4) {_AMONG}",
    FacetField.TAGS: f"EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE tag.value {_AMONG})",  # noqa: S608
}


def _facet_values(field: FacetField, row: Row) -> list[str]:
    _, _, day, _, _, doc_type, issuer, office, level, tags = row
    match field:
        case FacetField.TAGS:
            return list(json.loads(str(tags)))
        case FacetField.YEAR:
            return [] if day is None else [str(day)[:4]]
        case FacetField.LEVEL:
            return [Level(cast("int", level)).name]
        case _:
            value = {FacetField.DOC_TYPE: doc_type, FacetField.ISSUER: issuer, FacetField.OFFICE: office}[field]
            return [] if value is None else [str(value)]


def _tier(number: int, code: set[int], subject: set[int], typed: set[int]) -> Tier:
    if number in code:
        return Tier.CODE
    if number in subject:
        return Tier.SUBJECT
    return Tier.AS_TYPED if number in typed else Tier.REST


def _ordinal(day: Value) -> int:
    return 0 if day is None else date.fromisoformat(str(day)).toordinal()


def _row(connection: Connection, statement: str, *values: Value) -> Row:
    """The one row of a statement that always has one."""
    row = connection.execute(statement, values).fetchone()
    if row is None:
        raise LookupError("a record vanished within a transaction")
    return row
