"""The bytes of two connections carried over to each other until one of them ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

__all__ = ["ADMITTED", "REFUSED", "Line", "carry"]

ADMITTED: Final = b"\x01"
REFUSED: Final = b"\x00"
"""The first byte that the gate says to a worker host; after the second it says nothing more."""

_AT_ONCE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Line:
    """One end of a connection, as asyncio has it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def close(self) -> None:
        """End it; whatever becomes of the other side's end of it."""
        self.writer.close()
        with suppress(OSError):
            await asyncio.wait_for(self.writer.wait_closed(), 1.0)


async def carry(one: Line, other: Line) -> None:
    """What comes from either goes to the other, at the pace of who is slower; when this returns, both are closed."""
    pouring = [asyncio.create_task(_pour(one, other)), asyncio.create_task(_pour(other, one))]
    try:
        await asyncio.wait(pouring, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in pouring:
            task.cancel()
        await asyncio.gather(*pouring, one.close(), other.close(), return_exceptions=True)


async def _pour(source: Line, target: Line) -> None:
    with suppress(OSError):
        while piece := await source.reader.read(_AT_ONCE):
            target.writer.write(piece)
            await target.writer.drain()
