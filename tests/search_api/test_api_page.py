"""docs/api.md is what the code says."""

from pathlib import Path

from search_api.api_page import page

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_is_made_from_the_code_as_it_is() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


def test_every_command_and_every_route_stands_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    assert "`vankho ingest`" in text and "`POST /deposits`" in text and "`VK-NOT-FOUND`" in text
