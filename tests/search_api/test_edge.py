"""Before any route: whose name a request bears, how large and how slow it may be; after it: what a fault leaves behind."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Message

from search_api import problems
from search_api.callers import anyone, policy, require_policies
from search_api.edge import BodyLimit, Edge
from search_api.routes import health
from storage.errors import StoreFailed

LOCAL = ("127.0.0.1", 40_000)
THERE = ("10.0.0.7", 8787)
OWN = ("/home/kho/run/api.sock", None)
NARROW = BodyLimit(100, 0.2)
WIDE = BodyLimit(10_000, 60)


@dataclass
class Heard:
    """What an app said."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def code(self) -> object:
        return json.loads(self.body)["code"]


def asked(
    app: ASGIApp,
    path: str = "/",
    *,
    host: str | None = "localhost",
    client: tuple[str, int] | None = LOCAL,
    server: tuple[str, int | None] = THERE,
    pieces: Iterable[bytes | None] = (b"",),
    length: int | None = None,
) -> Heard:
    """One POST, or GET where nothing is sent. pieces: of the body; None is a pause that does not end."""
    sent = list(pieces)
    headers = [] if host is None else [(b"host", host.encode())]
    headers += [] if length is None else [(b"content-length", str(length).encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET" if sent == [b""] else "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers, "client": client,
        "server": server, "state": {},
    }  # fmt: skip
    heard = Heard()

    async def receive() -> Message:
        piece = sent.pop(0) if sent else None
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(sent)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert not heard.status, "answered twice"
            heard.status, heard.headers = message["status"], {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            heard.body += message.get("body", b"")

    asyncio.run(app(scope, receive, send))
    return heard


def app_with(*, limit: BodyLimit = WIDE, failed: list[str] | None = None) -> tuple[Edge, list[int]]:
    """An app that says how many bytes it was sent, behind an edge; and the list of these figures."""
    app, taken = FastAPI(), list[int]()
    problems.install(app)

    @app.api_route("/", methods=["GET", "POST"])
    async def count(request: Request) -> PlainTextResponse:
        taken.append(len(await request.body()))
        return PlainTextResponse("counted")

    @app.get("/full")
    def full() -> None:
        raise StoreFailed

    @app.get("/fault")
    def fault() -> None:
        raise LookupError("Nội dung bí mật")

    def note() -> None:
        assert failed is not None
        failed.append("disk")

    return Edge(app, ["kho.tinh.local"], note, {}, limit), taken


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8787", "[::1]:8787", "KHO.tinh.local", "kho.tinh.local:80", "10.0.0.7:8787"])
def test_our_own_names_are_served(host: str) -> None:
    assert asked(app_with()[0], host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.8", "[::2]:8787", "", None])
def test_a_foreign_name_is_refused_before_anything_is_done(host: str | None) -> None:
    app, taken = app_with()
    refused = asked(app, host=host)
    assert (refused.status, refused.code, taken) == (421, "VK-HOST", [])
    assert refused.headers["content-type"] == "application/problem+json"


def test_over_the_instance_s_own_socket_any_name_will_do() -> None:
    assert asked(app_with()[0], host="vankho", client=None, server=OWN).status == 200
    assert asked(app_with()[0], host="vankho", client=None).status == 421, "a connection that is gone already is not from there"


def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    app, taken = app_with(limit=NARROW)
    refused = asked(app, pieces=[b"x" * 101], length=101)
    assert (refused.status, refused.code, taken) == (413, "VK-TOO-LARGE", [])
    assert refused.headers["connection"] == "close"


def test_a_body_that_grows_too_large_is_cut_off() -> None:
    app, taken = app_with(limit=NARROW)
    assert asked(app, pieces=[b"x" * 60, b"x" * 40]).status == 200
    refused = asked(app, pieces=[b"x" * 60, b"x" * 41, b"x"])
    assert (refused.status, refused.code, taken) == (413, "VK-TOO-LARGE", [100])


def test_a_body_that_comes_too_slowly_is_cut_off() -> None:
    app, taken = app_with(limit=NARROW)
    refused = asked(app, pieces=[b"x", None])
    assert (refused.status, refused.code, taken) == (408, "VK-TOO-SLOW", [])


def test_an_answer_may_take_longer_than_a_body() -> None:
    async def slow(request: Request) -> PlainTextResponse:
        await request.body()
        await asyncio.sleep(NARROW.seconds * 2)
        return PlainTextResponse("done")

    app = FastAPI()
    app.post("/")(slow)
    assert asked(Edge(app, ordinary=NARROW), pieces=[b"x", b"x"]).status == 200


def test_a_fault_is_answered_with_an_id_and_logged_without_what_it_said(capfd: pytest.CaptureFixture[str]) -> None:
    app, _ = app_with()
    answer = asked(app, "/fault")
    assert (answer.status, answer.code) == (500, "VK-FAULT")
    assert json.loads(answer.body)["id"]
    said = "".join(capfd.readouterr())
    assert "LookupError" in said
    assert "bí mật" not in said + answer.body.decode()


def test_a_disk_that_failed_is_said_and_ends_the_process_afterwards() -> None:
    failed = list[str]()
    app, _ = app_with(failed=failed)
    assert asked(app, "/").status == 200
    assert failed == []
    answer = asked(app, "/full")
    assert (answer.status, answer.code, failed) == (500, "VK-STORE-FAILED", ["disk"])


def test_answers_are_counted_by_hundreds() -> None:
    app, _ = app_with()
    for path in ("/", "/", "/none", "/fault"):
        asked(app, path)
    assert app.answers == Counter({2: 2, 4: 1, 5: 1})


@pytest.mark.parametrize(
    ("client", "server", "status"),
    [(LOCAL, THERE, 200), (("::1", 1), THERE, 200), (None, OWN, 200), (("192.0.2.7", 1), THERE, 404), (None, THERE, 404)],
)
def test_health_is_told_to_this_machine_alone(client: tuple[str, int] | None, server: tuple[str, int | None], status: int) -> None:
    app = FastAPI()
    problems.install(app)
    app.include_router(health.router)
    require_policies(app)
    assert asked(app, "/healthz", client=client, server=server).status == status


def test_a_route_must_say_what_it_asks_and_below_the_interface_it_asks_for_a_key() -> None:
    def bare() -> None: ...

    for path, endpoint in (("/api/v1/x", bare), ("/api/v1/x", anyone(lambda: None)), ("/x", bare)):
        app = FastAPI()
        app.get(path)(endpoint)
        with pytest.raises(RuntimeError, match=r"x (declares no policy|asks for no key)"):
            require_policies(app)
    app = FastAPI()
    app.get("/api/v1/x")(policy(None)(lambda: None))
    require_policies(app)


def test_one_door_below_the_interface_is_open_to_those_who_have_no_key_yet() -> None:
    app = FastAPI()
    app.post("/api/v1/sessions")(anyone(lambda: None))
    require_policies(app)
    for method, path in (("GET", "/api/v1/sessions"), ("POST", "/api/v1/sessions/current"), ("POST", "/api/v1/people")):
        app = FastAPI()
        app.api_route(path, methods=["POST", method])(anyone(lambda: None))
        with pytest.raises(RuntimeError, match="asks for no key"):
            require_policies(app)
