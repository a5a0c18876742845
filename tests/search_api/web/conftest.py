"""An archive in the test's own process with a few people and papers, asked for pages as a browser asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from html import unescape
from urllib.parse import quote

import pytest
from anyio.from_thread import BlockingPortal

from tests.ingest.reading.made import pdf_of, text_lines
from tests.search_api.papers import notice, secret
from tests.twins.asgi import Reply
from tests.twins.story import multipart
from tests.twins.world import World, founded

PASSWORD = "bốn con trâu trắng qua cầu"
SCRIPT = "<script>alert(1)</script> & \u202egnp.exe"
"""A subject that would be markup, and would be read backwards, if a page let it."""

PEOPLE = {
    "archivist": (["archivist"], "MAT"),
    "reader": (["archivist"], "NON_CONFIDENTIAL"),
    "auditor": (["auditor"], "NON_CONFIDENTIAL"),
    "administrator": (["administrator"], "NON_CONFIDENTIAL"),
}


@dataclass(frozen=True)
class Page:
    """A whole answer as text."""

    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def words(self) -> str:
        """What stands on the page, tags taken away."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    def links(self, path: str) -> list[str]:
        """Addresses that begin so."""
        return [unescape(found) for found in re.findall(r'href="([^"]*)"', self.html) if found.startswith(path)]


@dataclass(frozen=True)
class Archive:
    """records: ids by name: `open`, `secret`, `hostile`, `drawn` (a PDF of two pages)."""

    world: World
    portal: BlockingPortal
    records: Mapping[str, str]

    def ask(self, who: str | None, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        self.world.clock.set(self.world.clock.now() + timedelta(seconds=1))
        return self.world.ask(None if who is None else token(who), method, target, {"accept-language": "vi", **(headers or {})}, body)

    def page(self, who: str | None, target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> Page:
        reply = self.ask(who, target, method, headers, body)
        return Page(reply.status, dict(reply.headers), reply.body.decode())

    def acts(self, **wanted: str) -> list[dict[str, object]]:
        """What the log says, oldest first, without what asking it adds."""
        query = "&".join(f"{name}={quote(value)}" for name, value in wanted.items())
        entries = json.loads(self.world.ask(token("auditor"), "GET", f"audit?{query}").body)["entries"]
        return [entry for entry in reversed(entries) if entry["action"] != "audit-read"]


def token(name: str) -> str:
    """The key of a person of these tests."""
    return f"vk1_{sha256(name.encode()).hexdigest()[:43]}"


@pytest.fixture(scope="session")
def archive() -> Iterator[Archive]:
    """One for all tests of the pages: each looks, and none changes a record."""
    with founded(b"pages") as (base, hands), World(base / "home", base / "world", hands) as world:
        _add_people(world)
        yield Archive(world, hands.portal, _deposit(world))


def _add_people(world: World) -> None:
    for name, (roles, clearance) in PEOPLE.items():
        hashed = sha256(token(name).encode()).hexdigest()
        new = {"name": name, "office": "central", "roles": roles, "clearance": clearance, "token_sha256": hashed}
        assert world.send(world.officer, "POST", "people", new).status == 201
        assert world.send(world.officer, "PUT", f"people/{name}/password", {"password": PASSWORD}).status == 200


def _deposit(world: World) -> dict[str, str]:
    papers = {
        "open": notice(1, "lịch nghỉ lễ Quốc khánh", "Các cơ quan nghỉ lễ Quốc khánh hai ngày.").encode(),
        "secret": secret(2, "phương án bảo vệ hội nghị", "Lực lượng bảo vệ gồm ba vòng.").encode(),
        "hostile": notice(3, "việc đặt tên", f"Đặt tên là {SCRIPT.partition(' ')[0]}.").encode(),
        "drawn": pdf_of(text_lines("So: 4/TB-UBND", "THONG BAO"), text_lines("Trang hai")),
    }
    records = {}
    for name, content in papers.items():
        headers, body = multipart(f"{name}.{'pdf' if name == 'drawn' else 'txt'}", content)
        records[name] = json.loads(world.ask(token("archivist"), "POST", "deposits", headers, body).body)["record_id"]
    world.settle()
    for number in range(5, 30):
        headers, body = multipart(f"{number}.txt", notice(number, f"việc chung lần {number}").encode())
        world.ask(token("archivist"), "POST", "deposits", headers, body)
    world.settle()
    assert world.send(token("archivist"), "PATCH", f"records/{records['hostile']}", {"set": {"subject": SCRIPT}, "reason": SCRIPT}).status == 200
    world.settle()
    return records
