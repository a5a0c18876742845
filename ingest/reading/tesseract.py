"""Tesseract, typed: words, places and confidences from a rendering. It gets raw pixels only, never a file."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tesserocr

from ingest.reading.pages import Box

__all__ = ["LANGUAGE", "Read", "Reader", "models"]

LANGUAGE: Final = "vie"
"""It reads English pages as well: it knows all Latin letters, only no English words."""
_WORD_LEVEL: Final = 5
_COLUMNS: Final = 12  # of Tesseract's TSV: level page block par line word left top width height conf text


@dataclass(frozen=True, slots=True)
class Read:
    """A word as read, NFC, its place in pixels, confidence 0 to 1, and whether it begins a line."""

    text: str
    box: Box
    confidence: float
    first: bool


def models() -> Path:
    """The folder of Tesseract's models. Raises FileNotFoundError if Debian's package with the Vietnamese one is not installed."""
    for folder in sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True):
        if (folder / f"{LANGUAGE}.traineddata").is_file():
            return folder
    raise FileNotFoundError("tesseract-ocr-vie")


class Reader:
    """A loaded model. Loaded before a fork, it serves every child without a file being opened."""

    def __init__(self) -> None:
        self._engine = tesserocr.PyTessBaseAPI(path=str(models()), lang=LANGUAGE, psm=tesserocr.PSM.AUTO, oem=tesserocr.OEM.LSTM_ONLY)
        # tesserocr sends messages to /dev/null, which Tesseract opens at the first one: inside the walls it cannot, and crashes.
        self._engine.SetVariable("debug_file", "")

    def read(self, pixels: bytes, width: int, height: int, stride: int, dpi: float) -> list[Read]:
        """The words of an upright picture in shades of grey, a byte a pixel, in Tesseract's reading order."""
        self._engine.SetImageBytes(pixels, width, height, 1, stride)
        self._engine.SetSourceResolution(round(dpi))
        table = self._engine.GetTSVText(0)
        self._engine.Clear()
        words = []
        line: tuple[str, ...] = ()
        for row in table.splitlines():
            cells = row.split("\t", _COLUMNS - 1)
            if len(cells) < _COLUMNS or int(cells[0]) != _WORD_LEVEL or not cells[11].strip():
                continue
            left, top, wide, high = map(int, cells[6:10])
            text = unicodedata.normalize("NFC", cells[11].strip())
            words.append(Read(text, Box(left, top, left + wide, top + high), float(cells[10]) / 100, tuple(cells[2:5]) != line))
            line = tuple(cells[2:5])
        return words
