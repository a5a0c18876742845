"""Signing in from a browser, over HTTP, with the real keeper behind its walls."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Protocol

import pytest

from tests.instances import Instance
from tests.proofs.served import Answer, Served, standing_still
from tests.waiting import until

pytestmark = pytest.mark.servers

GOOD, OTHER, WRONG = "bốn con trâu ăn cỏ non", "năm con trâu ăn cỏ non", "sáu con trâu ăn cỏ non"
OURS = {"sec-fetch-site": "same-origin"}
COOKIE = "vankho_session"


class AddPerson(Protocol):
    def __call__(self, name: str, *roles: str) -> Path: ...


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Instance(tmp_path_factory.mktemp("signed"))
    made.run("init", "--test", "--recovery-out", made.recovery)
    with Served(made) as running:
        yield running


@pytest.fixture(scope="module")
def person(served: Served, tmp_path_factory: pytest.TempPathFactory) -> AddPerson:
    """Adds a person with the password GOOD; her key file."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "good").write_text(GOOD + "\n", "utf-8")

    def add(name: str, *roles: str) -> Path:
        key = folder / f"{name}.key"
        words = [word for role in roles or ("archivist",) for word in ("--role", role)]
        served.instance.run("user", "add", name, "--office", "central", *words, "--clearance", "MAT", "--key-out", key)
        served.instance.run("user", "password", name, "--password-file", folder / "good")
        return key

    return add


def sign_in(served: Served, name: str, password: str = GOOD, headers: Mapping[str, str] = OURS) -> Answer:
    body = json.dumps({"name": name, "password": password}).encode()
    return served.ask("POST", "sessions", body=body, headers={"content-type": "application/json"} | dict(headers))


def cookie_of(signed: Answer) -> str:
    """What the browser shows from then on."""
    assert signed.status == 201, signed.body
    return f"{COOKIE}={SimpleCookie(signed.headers['set-cookie'])[COOKIE].value}"


def ask(served: Served, cookie: str, method: str, path: str, content: object = None, **headers: str) -> Answer:
    sent = OURS | {"cookie": cookie, "content-type": "application/json"} | headers
    return served.ask(method, path, body=None if content is None else json.dumps(content).encode(), headers=sent)


def test_who_signs_in_is_told_who_she_is_and_her_browser_alone_what_to_show(served: Served, person: AddPerson) -> None:
    key = person("lan", "archivist", "auditor").read_text().strip()
    signed = sign_in(served, "lan")
    assert signed.status == 201
    (cookie,) = SimpleCookie(signed.headers["set-cookie"]).values()
    assert (cookie.key, cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (COOKIE, True, "strict", "/", "")
    assert len(cookie.value) == 43
    assert cookie.value.encode() not in signed.body
    told = signed.json
    assert set(told) == {"person", "name", "roles", "offices", "clearance", "expires"}
    assert (told["name"], told["roles"], told["offices"], told["clearance"]) == ("lan", ["archivist", "auditor"], ["central"], "MAT")
    assert signed.headers["cache-control"] == "no-store"
    current = ask(served, cookie_of(signed), "GET", "sessions/current")
    assert current.status == 200
    assert {name: current.json[name] for name in told if name != "expires"} == {name: told[name] for name in told if name != "expires"}
    assert served.ask("GET", "sessions/current", key).json == told | {"expires": None}, "a key is good until it is withdrawn"
    assert ask(served, cookie_of(signed), "GET", "search?q=x").status == 200
    elsewhere = sign_in(served, "lan", headers={"host": "127.0.0.1", "origin": "https://127.0.0.1", "sec-fetch-site": "same-origin"})
    assert elsewhere.headers["set-cookie"].startswith(f"__Host-{COOKIE}=")
    assert "; Secure" in elsewhere.headers["set-cookie"]


def test_wrong_name_and_wrong_password_get_one_answer(served: Served, person: AddPerson) -> None:
    person("minh")
    first, second = (sign_in(served, name, WRONG) for name in ("minh", "never-was"))
    assert (first.status, first.code) == (401, "VK-SIGN-IN")
    assert (first.body, {**first.headers, "date": ""}) == (second.body, {**second.headers, "date": ""})
    assert "set-cookie" not in first.headers
    assert "15" in str(first.json["detail"]), "it says to wait, whatever the cause"
    for _ in range(5):
        sign_in(served, "minh", WRONG)
    locked = sign_in(served, "minh")
    assert (locked.status, locked.body) == (401, first.body)


def test_a_cookie_acts_only_for_pages_of_ours_and_a_key_comes_before_it(served: Served, person: AddPerson) -> None:
    hoa = person("hoa").read_text().strip()
    cookie = cookie_of(sign_in(served, "hoa"))
    bare = {"cookie": cookie}
    for told in ({}, {"sec-fetch-site": "cross-site"}, {"origin": "http://elsewhere.example"}):
        refused = served.ask("POST", "batches", headers=bare | told)
        assert (refused.status, refused.code) == (403, "VK-CROSS-SITE")
    assert served.ask("GET", "search", headers=bare | {"sec-fetch-site": "cross-site"}).status == 200
    assert ask(served, cookie, "POST", "batches").status == 201
    assert served.ask("POST", "batches", headers=bare | {"origin": f"http://{served.host}:{served.port}"}).status == 201
    assert served.ask("POST", "batches", hoa, headers=bare).status == 201, "whoever shows a key is no page"
    assert served.ask("GET", "search", "vk1_" + "a" * 43, headers=bare).code == "VK-KEY-UNKNOWN"
    assert served.ask("GET", "search", headers=bare | {"authorization": "Basic eDp5"}).code == "VK-KEY-UNKNOWN"
    for shown in (f"{COOKIE}=", f"{COOKIE}={'a' * 43}", f"{COOKIE}={hoa}"):
        assert served.ask("GET", "search", headers={"cookie": shown}).code == "VK-SESSION-ENDED"
    assert served.ask("GET", "search").code == "VK-KEY-UNKNOWN"


def test_who_signs_out_is_nobody_from_then_on(served: Served, person: AddPerson) -> None:
    person("tam")
    cookie = cookie_of(sign_in(served, "tam"))
    out = ask(served, cookie, "DELETE", "sessions/current")
    assert (out.status, out.body) == (204, b"")
    assert SimpleCookie(out.headers["set-cookie"])[COOKIE]["max-age"] == "0"
    assert ask(served, cookie, "GET", "sessions/current").code == "VK-SESSION-ENDED"
    assert ask(served, cookie, "DELETE", "sessions/current").status == 401


def test_a_source_has_no_session_and_no_password(served: Served) -> None:
    key = served.instance.base / "scan.key"
    served.instance.run("source", "add", "scan-7", "--key-out", key)
    token = key.read_text().strip()
    body = json.dumps({"password": GOOD}).encode()
    for method, path in (("GET", "sessions/current"), ("DELETE", "sessions/current"), ("PUT", "password")):
        assert served.ask(method, path, token, body, {"content-type": "application/json"}).status == 403
    assert sign_in(served, "scan-7", token).status == 401
    assert ask(served, f"{COOKIE}={token}", "GET", "search").status == 401


def test_a_new_password_signs_every_browser_out(served: Served, person: AddPerson) -> None:
    key = person("chi")
    here, there = (cookie_of(sign_in(served, "chi")) for _ in range(2))
    assert ask(served, here, "PUT", "password", {"password": OTHER}).code == "VK-SIGN-IN"
    assert ask(served, here, "PUT", "password", {"password": "matkhau123456", "current": GOOD}).code == "VK-PASSWORD"
    assert ask(served, here, "PUT", "people/lan/password", {"password": OTHER}).status == 404, "her role lacks it"
    changed = ask(served, here, "PUT", "password", {"password": OTHER, "current": GOOD})
    assert changed.status == 200
    assert SimpleCookie(changed.headers["set-cookie"])[COOKIE]["max-age"] == "0"
    assert {ask(served, cookie, "GET", "sessions/current").code for cookie in (here, there)} == {"VK-SESSION-ENDED"}
    assert sign_in(served, "chi").status == 401
    cookie = cookie_of(sign_in(served, "chi", OTHER))
    (served.instance.base / "good").write_text(GOOD, "utf-8")
    served.instance.run("user", "password", "--password-file", served.instance.base / "good", key=key)
    assert ask(served, cookie, "GET", "sessions/current").status == 401
    assert sign_in(served, "chi").status == 201


def test_who_is_shut_out_is_out_of_her_browser_too(served: Served, person: AddPerson) -> None:
    person("van")
    cookie = cookie_of(sign_in(served, "van"))
    served.instance.run("user", "disable", "van")
    assert ask(served, cookie, "GET", "search").code == "VK-SESSION-ENDED"
    assert sign_in(served, "van").status == 401


def test_little_locked_memory_is_enough_and_without_the_keeper_a_browser_is_told_so(served: Served, person: AddPerson) -> None:
    person("yen")
    keeper = served.pid("keeper")
    resource.prlimit(keeper, resource.RLIMIT_MEMLOCK, (65536, 65536))
    cookie = cookie_of(sign_in(served, "yen"))
    with standing_still(keeper):
        for told in (ask(served, cookie, "GET", "search"), ask(served, cookie, "GET", "sessions/current")):
            assert (told.status, told.code) == (503, "VK-KEEPER")
    until(lambda: ask(served, cookie, "GET", "search").status == 200, what="it goes on, and she is still signed in")
    os.kill(keeper, signal.SIGKILL)
    until(lambda: served.pid("keeper") not in (0, keeper), what="another keeper")
    until(lambda: ask(served, cookie, "GET", "search").status == 401, what="which knows no browser")
    assert sign_in(served, "yen").status == 201


def test_no_password_or_cookie_is_in_what_api_and_worker_can_read_or_in_any_file(served: Served, person: AddPerson) -> None:
    person("giang")
    cookie = cookie_of(sign_in(served, "giang"))
    sign_in(served, "giang", WRONG)
    dump = served.instance.run("debug", "dump").stdout
    assert "$argon2id$" in dump, "the rows of people are in it"
    secrets = [GOOD.encode(), WRONG.encode(), cookie.partition("=")[2].encode()]
    assert not [secret for secret in secrets if secret.decode() in dump]
    for path in served.instance.home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [secret for secret in secrets if secret in content], path
    rows = served.instance.json("audit", "query", "--action", "sign-in")
    assert {row["right"] for row in rows} >= {"password", None}
    assert not [secret for secret in secrets if secret.decode() in json.dumps(rows, ensure_ascii=False)]
