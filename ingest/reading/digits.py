"""Digits written by hand into a printed line (`Số: 574 /UBND`, `ngày 04 tháng`): a small network over a strip of grey, in plain Python.

Tesseract knows print alone. The network reads a whole line's strip and passes over the printed words at both ends, so nothing need be cut apart;
a strip takes about 0.1 s. How it was trained, and on what: bench/digits.py.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from struct import unpack
from typing import Final

from ingest.reading.pages import Guess

__all__ = ["STRIP_HEIGHT", "DigitReader", "guesses"]

STRIP_HEIGHT: Final = 40
"""Rows of a strip. The baseline is to lie at 0.73 of them, a line's letters from accent to baseline are to take half."""
_WEIGHTS: Final = Path(__file__).with_name("digits.weights")
_BEAM: Final = 24
_LONGEST: Final = 6
_NOTHING: Final = 0
_CLASSES: Final = 11  # nothing, and the ten digits


@dataclass(frozen=True, slots=True)
class _Layer:
    """A convolution: kernel and step, down and across; at the sides zeros are added so that nothing is lost, above and below `pad` of them."""

    channels: tuple[int, int]
    kernel: tuple[int, int]
    step: tuple[int, int]
    pad: int

    @property
    def size(self) -> int:
        return self.channels[1] * (self.channels[0] * self.kernel[0] * self.kernel[1] + 1)


_LAYERS: Final = (
    _Layer((1, 8), (5, 5), (2, 2), 2),
    _Layer((8, 16), (3, 3), (2, 1), 1),
    _Layer((16, 24), (3, 3), (2, 1), 1),
    _Layer((24, 40), (5, 3), (1, 1), 0),
    _Layer((40, 40), (1, 5), (1, 1), 0),
    _Layer((40, _CLASSES), (1, 1), (1, 1), 0),
)

_Rows = list[list[float]]
"""Row by row, in a row place by place, at a place channel by channel."""


class DigitReader:
    """The network. Loaded before a fork, it serves every child without a file being opened."""

    def __init__(self) -> None:
        """Reads the weights: half-precision numbers, layer by layer, for each channel its kernel (down, across, channel) and its bias."""
        content = _WEIGHTS.read_bytes()
        numbers = unpack(f"<{len(content) // 2}e", content)
        self._kernels: list[list[tuple[tuple[float, ...], float]]] = []
        start = 0
        for layer in _LAYERS:
            length = layer.size // layer.channels[1]
            starts = range(start, start + layer.size, length)
            self._kernels.append([(numbers[at : at + length - 1], numbers[at + length - 1]) for at in starts])
            start += layer.size

    def read(self, ink: bytes, width: int, possible: Collection[str] | None = None) -> list[Guess]:
        """What may stand on a strip, most probable first. ink: STRIP_HEIGHT rows of `width` bytes, 0 for paper to 255 for ink.

        possible: all that can stand there; None for any number of at most six digits, or nothing.
        """
        rows: _Rows = [[value / 255 for value in ink[y * width : (y + 1) * width]] for y in range(STRIP_HEIGHT)]
        for layer, kernels in zip(_LAYERS, self._kernels, strict=True):
            rows = _convolved(rows, layer, kernels, is_last=layer is _LAYERS[-1])
        (line,) = rows
        return guesses([_probabilities(line[at : at + _CLASSES]) for at in range(0, len(line), _CLASSES)], possible)


def guesses(columns: Iterable[Sequence[float]], possible: Collection[str] | None = None) -> list[Guess]:
    """The most probable strings of digits, from each column's probabilities of nothing and of the ten digits; those in `possible`, if given.

    Source: Graves et al., "Connectionist temporal classification", ICML 2006: a digit in columns side by side is one; prefix search with a beam.
    """
    prefixes = None if possible is None else {text[:length] for text in possible for length in range(len(text) + 1)}
    beam: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}  # prefix: ends in nothing, ends in its last digit
    for column in columns:
        following: dict[str, tuple[float, float]] = {}
        for prefix, (in_nothing, in_digit) in beam.items():
            _add(following, prefix, (in_nothing + in_digit) * column[_NOTHING], in_digit * column[int(prefix[-1]) + 1] if prefix else 0.0)
            for digit in "0123456789" if len(prefix) < _LONGEST else "":
                if prefixes is None or prefix + digit in prefixes:
                    before = in_nothing if prefix.endswith(digit) else in_nothing + in_digit
                    _add(following, prefix + digit, 0.0, before * column[int(digit) + 1])
        scale = max(map(sum, following.values()))  # else a long strip's products would vanish
        best = sorted(following.items(), key=lambda item: -sum(item[1]))[: _BEAM if prefixes is None else None]
        beam = {prefix: (in_nothing / scale, in_digit / scale) for prefix, (in_nothing, in_digit) in best}
    whole = {prefix: sum(ends) for prefix, ends in beam.items() if possible is None or prefix in possible}
    total = sum(whole.values())
    return [Guess(prefix, share / total) for prefix, share in sorted(whole.items(), key=lambda item: -item[1]) if share > 0]


def _add(beam: dict[str, tuple[float, float]], prefix: str, in_nothing: float, in_digit: float) -> None:
    before = beam.get(prefix, (0.0, 0.0))
    beam[prefix] = (before[0] + in_nothing, before[1] + in_digit)


def _convolved(rows: _Rows, layer: _Layer, kernels: Sequence[tuple[tuple[float, ...], float]], is_last: bool) -> _Rows:
    """One layer. All that a kernel sees of a row lies side by side, so a kernel is one dot product over a few slices."""
    channels, (high, wide), (down, across) = layer.channels[0], layer.kernel, layer.step
    places = len(rows[0]) // channels
    side = [0.0] * (wide // 2 * channels)
    blank = [[0.0] * (places * channels + 2 * len(side))] * layer.pad
    padded = [*blank, *(side + row + side for row in rows), *blank]
    result: _Rows = []
    for y in range(0, len(padded) - high + 1, down):
        seen_rows = padded[y : y + high]
        out: list[float] = []
        for x in range(0, places, across):
            seen: list[float] = []
            for row in seen_rows:
                seen += row[x * channels : (x + wide) * channels]
            for kernel, bias in kernels:
                value = sum(map(mul, seen, kernel), bias)
                out.append(value if value > 0 or is_last else 0.0)
        result.append(out)
    return result


def _probabilities(scores: Sequence[float]) -> list[float]:
    most = max(scores)
    powers = [math.exp(score - most) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
