"""One instance for the tests that leave it as they found it, but for more records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from way_world import LIGHT, World, made_instance

from ingest.desk import Desk
from ingest.sandbox.sandbox import Sandbox
from search_api.household import Household
from storage.home import Home


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """No worker runs: a test starts one, or works at a desk of its own."""
    instance = made_instance(tmp_path_factory.mktemp("way"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(instance.config))
        with Household(Home(instance.home)) as household:
            yield World(instance, household)


@pytest.fixture(scope="module")
def desk(world: World) -> Iterator[Desk]:
    """A worker's desk in this process; it reads plain text alone."""
    with Sandbox(entry=LIGHT) as sandbox:
        yield world.desk(sandbox)
