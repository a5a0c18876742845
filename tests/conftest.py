"""What tests of every room may use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.instances import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """A fresh instance."""
    made = Instance(tmp_path)
    made.run("init", "--recovery-out", made.recovery)
    return made
