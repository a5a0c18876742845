"""The API's document: an example for every route that answers in JSON, and every example as the archive answers today."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from search_api.app import ROUTERS, create_app
from search_api.openapi import exchanges
from tests.proofs.served import Served
from tests.search_api.exchanges import KEPT, instance_in, told

OTHERWISE = {"/audit/bundle", "/audit/checkpoint", "/debug/dump", "/records/{record_id}/pages/{number}", "/records/{record_id}/parts/{part}"}
"""Routes that answer with bytes or text."""


def agree(one: object, other: object) -> bool:
    """Whether they have the same fields of the same types, to the last; what may be null or empty is not told by what is."""
    if isinstance(one, dict) and isinstance(other, dict):
        return not one or not other or (set(one) == set(other) and all(agree(one[name], other[name]) for name in one))
    if isinstance(one, list) and isinstance(other, list):
        return not one or not other or agree(one[0], other[0])
    return one is None or other is None or type(one) is type(other)


def test_every_route_that_answers_in_json_has_an_example() -> None:
    document = create_app(None).openapi()  # type: ignore[arg-type]
    missing = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            given = [content["example"] for answer in answers for content in answer.get("content", {}).values() if "example" in content]
            is_told = path.removeprefix("/api/v1") in OTHERWISE or "204" in operation["responses"]
            if not given and not is_told:
                missing.append(f"{method} {path}")
            refusals = {status: answer for status, answer in operation["responses"].items() if not status.startswith("2")}
            assert {"401", "500", "503", "default"} <= refusals.keys()
            assert all([*answer["content"]] == ["application/problem+json"] for answer in refusals.values())
    assert missing == []
    assert len(document["paths"]) == len({route.path_format for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)})


@pytest.mark.servers
def test_every_example_has_the_fields_that_the_archive_answers_with_today(tmp_path: Path) -> None:
    made, key, second = instance_in(tmp_path)
    with Served(made) as served:
        today = told(served, key, second)
    kept = json.loads(KEPT.read_text("utf-8"))
    assert set(kept) == set(today)
    assert {f"{one.method} {one.path}" for one in exchanges()} == set(kept)
    for name, one in kept.items():
        assert one.keys() == today[name].keys(), name
        assert one["status"] == today[name]["status"], name
        for body in ("request", "response"):
            assert agree(one.get(body), today[name].get(body)), f"{name}: python -m tests.search_api.exchanges writes them again"
