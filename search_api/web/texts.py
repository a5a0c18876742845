"""What the pages say: one table a language, `vi.toml` and `en.toml`, with the same keys in both."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["LANGUAGES", "Texts", "texts_in"]

LANGUAGES: Final = {"vi": "Tiếng Việt", "en": "English"}
"""Each with the name that it has in itself, the first one where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language. table: by `section.key`."""

    lang: str
    table: Mapping[str, str]

    def __call__(self, key: str, **facts: object) -> str:
        """A text with its placeholders filled in. Raises KeyError for one that is not there."""
        return self.table[key].format_map(facts)

    def label(self, section: str, code: object) -> str:
        """What a code is called; a code that is not in the table is its own name."""
        return self.table.get(f"{section}.{code}", str(code))


@cache
def texts_in(lang: str) -> Texts:
    """The texts in a language of LANGUAGES."""
    with Path(__file__).with_name(f"{lang}.toml").open("rb") as file:
        return Texts(lang, dict(_flat(tomllib.load(file))))


def _flat(sections: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    for section, texts in sections.items():
        for key, text in texts.items():
            yield f"{section}.{key}", text
