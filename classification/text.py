"""Vietnamese text in one spelling: normal form, look-alikes, folding and tone placement. Source: Unicode UAX 15 and 39; TCVN 6909:2001."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LOWER", "UPPER", "fold", "latinised", "normalise", "skeleton", "syllables", "tone_placement"]

_VOWELS = "aăâeêioôơuưy"
LOWER = "a-zđ" + "".join(unicodedata.normalize("NFC", v + tone) for v in _VOWELS for tone in "\u0300\u0301\u0309\u0303\u0323") + _VOWELS
UPPER = LOWER.upper()  # both for use inside a character class: Vietnamese capitals and small letters alternate in Unicode

_MAX_MARKS = 8  # combining marks kept on one letter: canonical ordering of a long run is quadratic
_SHAPE = "\u0302\u0306\u031b"  # circumflex, breve, horn: part of the letter, so they stand before the tone

_CYRILLIC = dict(zip("АВЕЗКМНОРСТУХІЈЅԌԜԀҺԚѴаесорхуіјѕԁһԛԝѵ", "ABE3KMHOPCTYXIJSGWDHQVaecopxyijsdhqwv", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορτυχ", "ABEZHIKMNOPTYXaivoptux", strict=True))
_ALIKE = str.maketrans(_CYRILLIC | _GREEK)
_ALIKE_SET = frozenset(map(chr, _ALIKE))


def _one_for_one() -> dict[int, str]:
    """What is replaced wherever it stands: styled letters, dashes, spaces, đ of other alphabets, and what has no width at all."""
    styled = (*range(0xFF01, 0xFF5F), *range(0x1D400, 0x1D7CC), *range(0x2100, 0x2150), *range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A))
    table = {code: letter for code in styled if (letter := unicodedata.normalize("NFKC", chr(code))).isascii() and letter.isprintable()}
    table |= dict(zip(map(ord, "ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"), "abcdeghijklmnoprstuvwyz", strict=True))
    table |= dict.fromkeys((*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-")
    table |= dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
    table |= dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029), "\n")
    table |= {0x1A6: "R", 0xA7AE: "I"}  # whose small letters are among these
    table |= {0xD0: "Đ", 0x189: "Đ", 0xF0: "đ", 0x256: "đ"}
    gone = (*range(0x09), *range(0x0E, 0x1C), 0x1F, *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD, 0x34F, 0x115F, 0x1160, 0x180E)
    gone += (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, 0xFEFF, 0xFFA0, *range(0xFE00, 0xFE10))
    table |= dict.fromkeys((*gone, *range(0xE0000, 0xE0200)), "")
    return table


_ONE_FOR_ONE = _one_for_one()
_MARK_RUN = re.compile(r"[^\w\s\x00-\x7f]{2,}")
_LOOSE_MARK = re.compile(r"[\u0300-\u036f]")
_TOKEN = re.compile(r"\S+")
_ALIENS = tuple(map(chr, (*range(0x370, 0x530), *range(0x1F00, 0x2000))))
_ALIEN = re.compile(f"[{''.join(_ALIENS)}]")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff\u2c60-\u2c7f]")
_CHANGED = frozenset((*map(chr, _ONE_FOR_ONE), "\r", *_ALIENS))
"""Characters that may not stay as they are; combining marks are the others."""


def normalise(text: str) -> str:
    """The text as it was meant: NFC, Latin letters for their look-alikes, plain dashes and spaces, nothing without width.

    Lines and runs of spaces stay, since columns are told by them. Marks in the wrong order (tone before circumflex) are put right,
    and of more than eight marks on a letter the rest is dropped. A Cyrillic or Greek letter changes only in a word that is otherwise Latin
    (`TT-BTС`), so a Russian word stays Russian. Idempotent.
    """
    if _is_normal(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_ONE_FOR_ONE)
    if text.isascii():
        return text
    if _MARK_RUN.search(text):
        text = _MARK_RUN.sub(_shorter, text)
    if _LOOSE_MARK.search(text):
        text = _MARK_RUN.sub(_ordered, unicodedata.normalize("NFD", text))
    if _ALIEN.search(text):
        text = _TOKEN.sub(_relatined, unicodedata.normalize("NFC", text))
    composed = unicodedata.normalize("NFC", text)
    return text if composed == text else composed.translate(_ONE_FOR_ONE)


def _is_normal(text: str) -> bool:
    """Whether nothing in the text could change: true of nearly all lines, and told in a twentieth of the time that changing nothing takes."""
    characters = set(text)
    return characters.isdisjoint(_CHANGED) and not any(map(unicodedata.combining, characters)) and unicodedata.is_normalized("NFC", text)


def _shorter(run: re.Match[str]) -> str:
    kept, length = [], 0
    for char in run[0]:
        length = length + 1 if unicodedata.combining(char) else 0
        if length <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def _ordered(run: re.Match[str]) -> str:
    marks = run[0]
    if not any(shape in marks for shape in _SHAPE):
        return marks
    parts = re.split(r"([^\u0300-\u036f]+)", marks)
    return "".join("".join(sorted(part, key=lambda mark: mark not in _SHAPE)) for part in parts)


def _relatined(token: re.Match[str]) -> str:
    if not _ALIEN.search(token[0]) or not _LATIN.search(token[0]):
        return token[0]

    def word(match: re.Match[str]) -> str:
        letters = match[0]
        whole = all(char in _ALIKE_SET or "\u0300" <= char <= "\u036f" for char in letters)
        return letters.translate(_ALIKE) if whole or _LATIN.search(letters) else letters

    return unicodedata.normalize("NFC", _WORD.sub(word, unicodedata.normalize("NFD", token[0])))


def latinised(text: str) -> str:
    """Every look-alike as its Latin letter, even in a word without any: what the eye may take the text for."""
    return normalise(unicodedata.normalize("NFD", text).translate(_ALIKE))


class _Skeleton(dict[int, str]):
    """Each character's bare lower-case letter, found once."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFD", chr(code))[0]
        low = "d" if base in "Đđ" else base.lower()
        self[code] = low if len(low) == 1 else base
        return self[code]


_SKELETON = _Skeleton()


def skeleton(text: str) -> str:
    """The text without marks and case, character for character: a position here is the same position in `text` (NFC)."""
    return text.translate(_SKELETON)


def fold(text: str) -> str:
    """The form in which words are compared loosely: no marks, đ as d, lower case, single spaces. Idempotent.

    `mật` and `mặt` fold alike, so no level is ever decided on it.
    """
    bare = "".join(char for char in unicodedata.normalize("NFD", normalise(text).lower()) if not "\u0300" <= char <= "\u036f")
    return " ".join(unicodedata.normalize("NFC", bare).replace("đ", "d").split())


_TONES = "\u0300\u0301\u0309\u0303\u0323"


def _toned(letter: str) -> str:
    return "".join(unicodedata.normalize("NFC", letter + tone) for tone in _TONES)


def _moves() -> tuple[dict[str, str], dict[str, str]]:
    """Two tables of pairs: tone on the second vowel to the first, and the reverse."""
    first, second = {}, {}
    for a, b in ("oa", "oe", "uy"):
        for x, y in ((a, b), (a.upper(), b), (a.upper(), b.upper())):
            for i in range(len(_TONES)):
                first[x + _toned(y)[i]] = _toned(x)[i] + y
                second[_toned(x)[i] + y] = x + _toned(y)[i]
    return first, second


_TO_FIRST, _TO_SECOND = _moves()
_PAIR = re.compile(r"(?<![qQ])(?:" + "|".join(_TO_FIRST | _TO_SECOND) + ")")
_ONSET = re.compile(rf"([qQ])([{_toned('u')}{_toned('U')}])([aeioyâêôăơAEIOYÂÊÔĂƠ])|([gG])([{_toned('i')}{_toned('I')}])([aouâăôơưeêAOUÂĂÔƠƯEÊ])")
_LETTER = re.compile(r"[^\W\d_]")


def tone_placement(text: str) -> str:
    """The one spelling of tones that both habits share: `hoà` as `hòa`, `uỷ` as `ủy`; before a final sound on the second vowel (`hoàn`).

    `qu-` and `gi-` are onsets and never bear the tone (`quý`, `giá`). Text in NFC. Idempotent.
    """
    return _ONSET.sub(_off_onset, _PAIR.sub(_placed, text))


def _placed(match: re.Match[str]) -> str:
    pair = match[0]
    followed = match.end() < len(match.string) and _LETTER.match(match.string, match.end())
    return _TO_SECOND.get(pair, pair) if followed else _TO_FIRST.get(pair, pair)


def _off_onset(match: re.Match[str]) -> str:
    onset, bearer, vowel = (group for group in match.groups() if group)
    parts = unicodedata.normalize("NFD", bearer)
    return onset + parts[0] + unicodedata.normalize("NFC", vowel + parts[1:])


_SYLLABLE = re.compile(r"[^\W_]+")


def syllables(text: str) -> tuple[str, ...]:
    """The syllables and numbers of a text, normalised, in lower case, tones in one place."""
    return tuple(_SYLLABLE.findall(tone_placement(normalise(text)).lower()))
