"""Where the large evaluation sets lie: $VANKHO_DATA, by default `../shared/data` beside the repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["evaluation_data"]


def evaluation_data() -> Path:
    """The folder; ends the program with status 2, and says so, where it is not there."""
    data = Path(os.environ.get("VANKHO_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (data / "search" / "vbpl-dev.jsonl.gz").exists():
        print(f"The evaluation data is not at {data}: set VANKHO_DATA to its folder. Nothing was measured.", file=sys.stderr)
        raise SystemExit(2)
    return data
