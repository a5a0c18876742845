"""The description of a record: what it is about, and why it has its level. Of a closed record it stands in its sealed part alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TypeAlias

import sqlalchemy as sa

from storage.catalog.schema import open_description
from storage.errors import InvalidInput
from storage.ids import RecordId

__all__ = ["EDITABLE", "Description", "Json", "delete_open", "description_in", "open_row", "read_open", "write_open"]

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

EDITABLE = frozenset({"ref_code", "doc_type", "date", "issuer", "subject", "signer", "place", "tags"})
"""What an archivist may correct; the rest was found out or happened."""

_FORMAT = 1
_PLAIN = ("ref_code", "ref_no", "doc_type", "issuer", "subject", "subject_as_printed", "signer", "file_name", "plain_sha256")
"""Fields with a column of their own, of the same form, in `open_description`."""


@dataclass(frozen=True, slots=True)
class Description:
    """Names as the field has them (docs/api.md). date: ISO 8601. plain_sha256: of the original as it came, hex.

    reasons: {code, rule, evidence, page, box} each. skeleton: what `show` gives beside. history: one entry an edit.
    """

    file_name: str
    plain_sha256: str
    ref_code: str | None = None
    ref_no: int | None = None
    doc_type: str | None = None
    date: str | None = None
    issuer: str | None = None
    subject: str | None = None
    subject_as_printed: str | None = None
    signer: str | None = None
    place: str | None = None
    urgency: str | None = None
    tags: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    active: tuple[str, ...] = ()
    reasons: tuple[dict[str, Json], ...] = ()
    history: tuple[dict[str, Json], ...] = ()
    skeleton: dict[str, Json] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The part `description` before it is sealed: JSON, UTF-8."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Description:
        """The inverse of `encode`. Raises ValueError for another format."""
        values = json.loads(raw)
        if values.pop("format") != _FORMAT:
            raise ValueError("a description of another format")
        for name in ("tags", "marks", "warnings", "active", "reasons", "history"):
            values[name] = tuple(values[name])
        return cls(**values)

    def corrected(self, changes: dict[str, Json], entry: dict[str, Json]) -> Description:
        """With the fields of `changes` set, and `entry` added to the history. Raises InvalidInput for what cannot be set so."""
        values: dict[str, object] = {}
        for name, value in changes.items():
            if name not in EDITABLE:
                raise InvalidInput(what=f"{name:.40} cannot be edited. These can: {', '.join(sorted(EDITABLE))}.")
            if name == "tags":
                values[name] = tuple(word.strip() for word in str(value).split(",") if word.strip())
            else:
                values[name] = str(value).strip() or None
        if values.get("date") is not None:
            values["date"] = _date(str(values["date"]))
        if "subject" in values:
            values["subject_as_printed"] = None  # what was printed is in the page; the correction is no print
        return replace(self, **values, history=(*self.history, entry))  # type: ignore[arg-type]


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidInput(what=f"{text:.20} is no date: write it as 2019-07-24.") from None


def open_row(described: Description) -> dict[str, object]:
    """The columns of `open_description`."""
    everything = json.loads(described.encode())
    rest = {name: everything[name] for name in ("place", "urgency", "marks", "warnings", "active", "skeleton")}
    return {
        **{name: getattr(described, name) for name in _PLAIN},
        "date": None if described.date is None else date.fromisoformat(described.date),
        "tags": json.dumps(everything["tags"], ensure_ascii=False),
        "reasons": json.dumps(everything["reasons"], ensure_ascii=False),
        "history": json.dumps(everything["history"], ensure_ascii=False),
        "skeleton": json.dumps(rest, ensure_ascii=False),
    }


def write_open(connection: sa.Connection, record_id: RecordId, described: Description) -> None:
    """Put the description of an open record into the catalog, in the place of the one before."""
    delete_open(connection, record_id)
    connection.execute(open_description.insert().values(record_id=record_id, **open_row(described)))


def delete_open(connection: sa.Connection, record_id: RecordId) -> None:
    """Take the description out of the catalog: of a record that is closed or withdrawn."""
    connection.execute(open_description.delete().where(open_description.c.record_id == record_id))


def read_open(connection: sa.Connection, record_id: RecordId) -> Description | None:
    """The description of an open record."""
    row = connection.execute(sa.select(open_description).where(open_description.c.record_id == record_id)).mappings().one_or_none()
    return None if row is None else description_in(row)


def description_in(row: sa.RowMapping) -> Description:
    """The description of a row that holds the columns of `open_description`."""
    columns = open_description.c
    values = {name: row[columns[name]] for name in _PLAIN}
    values |= {name: tuple(json.loads(row[columns[name]])) for name in ("tags", "reasons", "history")}
    rest, day = json.loads(row[columns.skeleton]), row[columns.date]
    values |= {name: tuple(rest[name]) for name in ("marks", "warnings", "active")} | {name: rest[name] for name in ("place", "urgency", "skeleton")}
    return Description(date=None if day is None else day.isoformat(), **values)
