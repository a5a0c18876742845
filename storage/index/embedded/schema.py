"""The tables of a partition's file: the records as they are listed, their words with places, and how often each term occurs."""

from __future__ import annotations

from storage.index.frequency import STEPS, step_of
from storage.index.needs import Field

__all__ = ["COLUMN_COUNTS", "CREATE", "WORD_COLUMNS", "count_column", "word_column"]


def word_column(field: Field, *, exact: bool) -> str:
    """The column of `word` that holds a field's tokens in one form."""
    return f"{field.value}_{'exact' if exact else 'folded'}"


WORD_COLUMNS = tuple(word_column(field, exact=exact) for field in Field for exact in (True, False))
COLUMN_COUNTS = {f"{field}_{step}": (field, step) for field in ("subject", "text") for step in STEPS}
"""The columns of `frequency`: where a term stands says in which field it occurs and how often."""


def count_column(field: str, count: int) -> str:
    """The column of a term that occurs `count` times."""
    return f"{field}_{STEPS[step_of(count)]}"


# The tokenizer `ascii` splits at the spaces that we put between tokens and takes every letter beyond ASCII as it is: the engine
# gets tokens and analyses nothing. Both tables keep their content, so that a deletion takes out exactly what was put in.
_TOKENIZE = """tokenize = "ascii tokenchars '-/_='" """

CREATE = (
    "CREATE TABLE property (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE record (
        id INTEGER PRIMARY KEY, record_id TEXT NOT NULL UNIQUE, digest BLOB NOT NULL, office TEXT NOT NULL, level INTEGER NOT NULL,
        ref_code TEXT, doc_type TEXT, issuer TEXT, day TEXT, subject TEXT NOT NULL, page_count INTEGER, tags TEXT NOT NULL,
        subject_length INTEGER NOT NULL, text_length INTEGER NOT NULL)""",
    "CREATE INDEX record_length ON record (subject_length, text_length)",
    "CREATE TABLE body (id INTEGER PRIMARY KEY REFERENCES record, text TEXT NOT NULL, file_name TEXT NOT NULL)",
    "CREATE TABLE need_to_know (token TEXT NOT NULL, id INTEGER NOT NULL REFERENCES record, PRIMARY KEY (token, id)) WITHOUT ROWID",
    "CREATE INDEX need_to_know_id ON need_to_know (id)",
    f"CREATE VIRTUAL TABLE word USING fts5 ({', '.join(WORD_COLUMNS)}, {_TOKENIZE})",
    # detail = column keeps one posting for a term, record and field, where the places of `word` would be one for each occurrence.
    f"CREATE VIRTUAL TABLE frequency USING fts5 ({', '.join(COLUMN_COUNTS)}, detail = column, {_TOKENIZE})",
    "CREATE VIRTUAL TABLE word_term USING fts5vocab (word, row)",
    "CREATE VIRTUAL TABLE term USING fts5vocab (frequency, row)",
    "CREATE VIRTUAL TABLE posting USING fts5vocab (frequency, instance)",
    "INSERT INTO word (word, rank) VALUES ('secure-delete', 1)",
    "INSERT INTO frequency (frequency, rank) VALUES ('secure-delete', 1)",
)
