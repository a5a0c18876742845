"""How plausible a text is as Vietnamese or English, told by the build of its syllables and no list of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

__all__ = ["is_plausible", "plausibility"]

_TONES: Final = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_FRONT: Final = "[eêiy]"
# Spelling of chữ quốc ngữ: k, gh, ngh before e, ê, i, y; c, g, ng before the others; q with u.
_ONSET: Final = (
    rf"(?:b|ch|d|đ|h|kh|l|m|n(?!g)|nh|ph|r|s|th|tr|t(?!h|r)|v|x|gi|qu|p"
    rf"|(?:k|gh|ngh)(?={_FRONT})|g(?![eêhy])|(?:c(?!h)|ng(?!h))(?!{_FRONT}))?"
)
_RIME: Final = (
    r"(?:oo|uyê|uya|iê|yê|ươ|uô|uâ|uê|uy|uơ|oa|oă|oe|ia|ưa|ua|[aăâeêioôơuưy])"
    r"(?:ch|nh|ng|[ckmnptiouy])?"
)
_VIETNAMESE: Final = re.compile(f"{_ONSET}{_RIME}")
_ENGLISH: Final = re.compile(r"(?!.*[^aeiouy]{5})(?!.*[aeiou]{4})(?=.*[aeiouy])[a-z]{1,20}(?:['’][a-z]{1,2})?")
_CASE: Final = re.compile(r"[A-ZĐ]?[^A-Z]*|[^a-z]+")
_CODE: Final = re.compile(r"[\d.,:/%()+–-]+|[A-ZĐ\d]{1,8}(?:[/.-][A-ZĐ\d]{1,8})+|\d+\w{1,6}(?:[/-][\wĐ]+)*")
_EDGES: Final = " \t.,;:!?()[]{}\"'“”‘’«»…-–—/*•+_=<>|"
_FOREIGN: Final = re.compile("[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ue000-\uf8ff\ufffd]")


def plausibility(words: Iterable[str]) -> float:
    """The share of `words` that could be Vietnamese or English, 0 to 1; numbers, codes and bare punctuation are left out.

    0 if nothing is left to judge. Sound text of either language has more than 0.85; text in an old 8-bit Vietnamese font,
    or from a font that maps its letters as it likes, less than 0.6.
    """
    judged = [bare for word in words if (bare := _bare(word)) is not None]
    return sum(map(is_plausible, judged)) / len(judged) if judged else 0.0


def is_plausible(word: str) -> bool:
    """Whether every part of `word` (NFC, no punctuation at its ends) is built like a Vietnamese syllable or an English word."""
    if _FOREIGN.search(word) or not _CASE.fullmatch(_without_tones(word)[0]):
        return False
    return all(_is_syllable(part) for part in re.split(r"[-/.&]", word) if part)


def _bare(word: str) -> str | None:
    bare = word if _FOREIGN.search(word) else word.strip(_EDGES)
    return None if not bare or _CODE.fullmatch(bare) else bare


def _is_syllable(part: str) -> bool:
    lower, tones = _without_tones(part)
    plain = lower.lower()
    return bool((tones <= 1 and _VIETNAMESE.fullmatch(plain)) or (tones == 0 and _ENGLISH.fullmatch(plain)))


def _without_tones(word: str) -> tuple[str, int]:
    """The word with its tone marks taken off and the marks of its letters kept, and how many tones there were."""
    decomposed = unicodedata.normalize("NFD", word)
    toneless = decomposed.translate(_TONES)
    return unicodedata.normalize("NFC", toneless), len(decomposed) - len(toneless)
