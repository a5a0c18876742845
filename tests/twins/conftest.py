"""Worlds of a module: embedded, and on servers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from storage.vault.age import HybridIdentity, parse_identities
from tests.twins.world import Twins, founded

_LEAST_MEMORY = 64
"""KiB of a password's hash."""

_numbers = count()


@pytest.fixture(scope="module", params=["embedded", "servers"])
def twins(request: pytest.FixtureRequest) -> Iterator[Twins]:
    """In both places."""
    places = None
    if request.param == "servers":
        from tests.twins.places import Places

        places = Places(*map(request.getfixturevalue, ("postgresql", "elasticsearch", "s3")))
    with pytest.MonkeyPatch.context() as patch:
        for pause in ("_BETWEEN_EXPUNGES", "_BETWEEN_LOOKS"):
            patch.setattr(f"storage.learning.{pause}", 0.0)  # or a world would seem settled, or be waited for, while it waits to forget
        patch.setattr("storage.vault.keeper.passwords._MEMORY", _LEAST_MEMORY)  # what a guess costs is no answer, and takes a third of the time
        patch.setattr("storage.vault.keeper.passwords._NOBODY", f"$argon2id$v=19$m={_LEAST_MEMORY},t=3,p=4${'A' * 22}${'A' * 43}")
        # Each has an id of its own, as servers know the roles of all.
        with founded(f"twins {next(_numbers)}".encode(), places) as (base, hands):
            recovery = parse_identities((base / "recovery.txt").read_text())
            yield Twins(base, hands, tuple(one for one in recovery if isinstance(one, HybridIdentity)))
