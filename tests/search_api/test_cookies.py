"""The cookie of a session: to whom a browser shows it, when it is believed, and which requests other sites' pages cannot send with it."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie

import pytest
from fastapi import Request
from fastapi.responses import Response

from search_api.cookies import clear_session, give_session, require_private, require_same_origin, session_token
from storage.errors import CrossSite, NotPrivate

LOCKED, PLAIN = "__Host-vankho_session", "vankho_session"


def request(headers: Mapping[str, str], method: str = "POST") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "scheme": "http", "path": "/", "query_string": b"", "headers": raw, "server": ("x", 1)})


def given(headers: Mapping[str, str]) -> tuple[str, Mapping[str, object]]:
    answer = Response()
    give_session(request(headers), answer, "token")
    ((name, cookie),) = SimpleCookie(answer.headers["set-cookie"]).items()
    assert (cookie.value, cookie["path"], cookie["domain"], cookie["max-age"]) == ("token", "/", "", "")
    return name, cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "kho.example"}, {"host": "10.0.0.7:8787"}, {"host": "[fd00::1]:8787"}, {}, {"host": "localhost.example"},
        {"host": "127.0.0.1:8787", "origin": "https://kho.example"},  # a proxy that ends TLS and asks by the address that it knows
        {"host": "localhost:8787", "origin": "null"},
    ],
)  # fmt: skip
def test_the_cookie_is_shown_over_https_to_this_host_alone(headers: Mapping[str, str]) -> None:
    name, cookie = given(headers)
    assert (name, cookie["secure"], cookie["httponly"], cookie["samesite"]) == (LOCKED, True, True, "strict")


@pytest.mark.parametrize(
    "headers",
    [{"host": "localhost:8787"}, {"host": "127.0.0.1"}, {"host": "[::1]:8787"}, {"host": "LOCALHOST:1", "origin": "http://localhost:1"}],
)
def test_on_this_machine_http_will_do(headers: Mapping[str, str]) -> None:
    name, cookie = given(headers)
    assert (name, cookie["secure"], cookie["httponly"], cookie["samesite"]) == (PLAIN, "", True, "strict")


def test_a_cookie_that_a_sibling_or_the_network_could_have_set_is_not_believed() -> None:
    assert session_token(request({"host": "kho.example", "cookie": f"{PLAIN}=a"})) is None
    assert session_token(request({"host": "kho.example", "cookie": f"{PLAIN}=a; {LOCKED}=b"})) == "b"
    assert session_token(request({"host": "localhost:8787", "cookie": f"{PLAIN}=a"})) == "a"
    assert session_token(request({"host": "localhost:8787"})) is None


def test_signing_out_makes_the_browser_forget_what_it_shows() -> None:
    answer = Response()
    clear_session(request({"host": "kho.example", "cookie": f"{PLAIN}=a; {LOCKED}=b; other=c"}), answer)
    told = {name: cookie for value in answer.headers.getlist("set-cookie") for name, cookie in SimpleCookie(value).items()}
    assert set(told) == {LOCKED, PLAIN}
    assert all((cookie.value, cookie["max-age"], cookie["path"]) == ("", "0", "/") for cookie in told.values())
    assert told[LOCKED]["secure"], "or the browser would not take it"


HERE = {"host": "kho.example"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "told",
    [
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}, {"sec-fetch-site": ""}, {},
        {"sec-fetch-site": "cross-site", "origin": "https://kho.example"}, {"origin": "https://elsewhere.example"}, {"origin": "null"},
        {"origin": "https://kho.example:444"}, {"origin": "https://kho.example.elsewhere.example"}, {"origin": ""},
    ],
)  # fmt: skip
def test_what_another_sites_page_sends_changes_nothing(method: str, told: Mapping[str, str]) -> None:
    with pytest.raises(CrossSite):
        require_same_origin(request(HERE | told, method))


@pytest.mark.parametrize("told", [{"sec-fetch-site": "same-origin"}, {"origin": "https://kho.example"}, {"origin": "https://KHO.example"}])
def test_what_our_own_page_sends_does(told: Mapping[str, str]) -> None:
    require_same_origin(request(HERE | told))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_needs_no_page_of_ours(method: str) -> None:
    require_same_origin(request(HERE | {"sec-fetch-site": "cross-site"}, method))


def test_no_page_signs_in_over_a_network_in_clear_or_for_another_site() -> None:
    for told in ({}, {"origin": "https://kho.example"}, {"sec-fetch-site": "same-origin", "origin": "https://kho.example"}):
        require_private(request(HERE | told))
    require_private(request({"host": "localhost:8787", "origin": "http://localhost:8787"}))
    with pytest.raises(NotPrivate):
        require_private(request(HERE | {"origin": "http://kho.example"}))
    for told in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "none"}):
        with pytest.raises(CrossSite):
            require_private(request(HERE | told))
