"""What the pages show to whom, and what a browser may do with it. Each is the same act, with the same row, as the interface's own."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image

from search_api.app import create_app
from search_api.callers import policy_of
from search_api.web import PAGES
from search_api.web.searching import Piece, pieces
from storage.access import Action
from storage.index.entry import Snippet
from storage.vault.keeper.client import KeeperClient
from storage.vault.keeper.protocol import rendezvous
from tests.search_api.web.conftest import PASSWORD, SCRIPT, Archive, Page, token
from tests.twins.asgi import call

pytestmark = pytest.mark.servers

GHOST = "abcdefghijklmnopqrstuvwxyz"
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", "host": "localhost", "origin": "http://localhost"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def all_pages(archive: Archive) -> list[Page]:
    record = archive.records["open"]
    asked = [("archivist", path) for path in ("/search", "/search?q=nghi+le", f"/records/{record}", "/records/none", "/audit", "/nothing/here")]
    return [archive.page(*one) for one in [*asked, (None, "/sign-in"), ("administrator", "/"), ("auditor", "/audit"), ("reader", "/search?cursor=x")]]


def test_every_page_is_kept_by_nobody_and_runs_nothing_but_ours(archive: Archive) -> None:
    for page in all_pages(archive):
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cross-origin-opener-policy"] == "same-origin"
        assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:|https?://", page.html), page.html


def test_whoever_is_not_known_signs_in_first_and_then_gets_what_she_asked_for(archive: Archive) -> None:
    sent = archive.page(None, "/search?q=ngh%E1%BB%89+l%E1%BB%85&sort=date")
    assert sent.status == 303
    assert parse_qs(urlsplit(sent.headers["location"]).query) == {"next": ["/search?q=ngh%E1%BB%89+l%E1%BB%85&sort=date"]}
    form = archive.page(None, sent.headers["location"])
    assert 'name="next" value="/search?q=ngh%E1%BB%89+l%E1%BB%85&amp;sort=date"' in form.html


ELSEWHERE = ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "x", "", "/\x00", "http:[", "/a\nb")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nobody_is_sent_to_another_site(archive: Archive, address: str) -> None:
    assert 'name="next" value="/"' in archive.page(None, f"/sign-in?next={quote(address)}").html
    body = f"name=reader&password={quote(PASSWORD)}&next={quote(address)}".encode()
    assert archive.page(None, "/sign-in", "POST", FORM, body).headers["location"] == "/"


def test_a_password_opens_a_session_which_signing_out_ends(archive: Archive) -> None:
    body = f"name=reader&password={quote(PASSWORD)}&next=%2Fsearch%3Fq%3Dle".encode()
    taken = archive.page(None, "/sign-in", "POST", FORM, body)
    assert (taken.status, taken.headers["location"]) == (303, "/search?q=le")
    shown = {**FORM, "cookie": taken.headers["set-cookie"].partition(";")[0]}
    assert archive.page(None, "/search", headers=shown).status == 200
    assert archive.page(None, "/sign-in?next=/search", headers=shown).headers["location"] == "/search"
    out = archive.page(None, "/sign-out", "POST", shown)
    assert (out.status, out.headers["location"]) == (303, "/sign-in?said=out")
    assert "Bạn đã đăng xuất." in archive.page(None, "/sign-in?said=out").words
    again = archive.page(None, "/search", headers=shown)
    assert (again.status, again.headers["location"]) == (303, "/sign-in?next=%2Fsearch&said=ended")


def test_a_wrong_password_is_refused_in_the_form_and_stands_nowhere(archive: Archive) -> None:
    refused = archive.page(None, "/sign-in", "POST", FORM, b"name=reader&password=sai-roi-sai-roi&next=/search")
    assert (refused.status, "set-cookie" in refused.headers) == (401, False)
    assert "Không đăng nhập được." in refused.words
    assert 'value="reader"' in refused.html and 'value="/search"' in refused.html
    assert "sai-roi" not in refused.html
    elsewhere = archive.page(None, "/sign-in", "POST", FORM | {"sec-fetch-site": "cross-site"}, f"name=reader&password={quote(PASSWORD)}".encode())
    assert (elsewhere.status, "set-cookie" in elsewhere.headers) == (403, False)


@pytest.mark.parametrize(
    ("who", "menu", "start"), [("reader", ["/search"], "/search"), ("auditor", ["/audit"], "/audit"), ("administrator", [], None)]
)
def test_the_menu_holds_what_she_may_do_and_nothing_else(archive: Archive, who: str, menu: list[str], start: str | None) -> None:
    begin = archive.page(who, "/")
    assert begin.headers.get("location") == start
    page = begin if start is None else archive.page(who, start)
    assert [path for path in ("/search", "/audit") if path in re.findall(r'<li><a href="(/\w+)"', page.html)] == menu
    for path in {"/search", "/audit"} - {*menu}:
        assert (archive.page(who, path).status, "VK-NOT-ALLOWED" in archive.page(who, path).html) == (403, True)


def test_words_without_their_marks_are_found_and_marked(archive: Archive) -> None:
    page = archive.page("reader", "/search?q=nghi+le+quoc+khanh")
    assert "Tìm thấy 1 hồ sơ" in page.words
    assert f"/records/{archive.records['open']}" in page.links("/records/")
    assert "<mark>Quốc</mark>" in page.html and "<mark>lễ</mark>" in page.html


def test_a_search_is_logged_as_the_interface_logs_it(archive: Archive) -> None:
    archive.page("reader", "/search?q=l%E1%BB%8Bch+rieng&filter=level%3DMAT")
    archive.ask("reader", "search?q=l%E1%BB%8Bch+rieng&filter=level%3DMAT")
    page, interface = archive.acts(person="reader", action="search")[-2:]
    assert page["details"] == {"query": "lịch rieng", "filters": [["level", "MAT"]]}
    ignored = ("seq", "time", "session")
    assert {name: page[name] for name in page if name not in ignored} == {name: interface[name] for name in interface if name not in ignored}


def test_all_that_is_asked_stands_in_the_address_and_each_filter_can_be_taken_away(archive: Archive) -> None:
    page = archive.page("archivist", "/search?q=l%C3%A0o+cai&filter=level%3DMAT&filter=year%3D2019&sort=date")
    assert "Tìm thấy 1 hồ sơ" in page.words
    assert {f"/search?q=l%C3%A0o+cai{kept}&sort=date" for kept in ("&filter=level%3DMAT", "&filter=year%3D2019", "")} <= {*page.links("/search")}
    assert '<input type="hidden" name="filter" value="level=MAT">' in page.html
    assert '<input type="hidden" name="sort" value="date">' in page.html
    unfiltered = archive.page("archivist", "/search?q=l%C3%A0o+cai")
    narrowing = [link for link in unfiltered.links("/search?") if "filter=level%3DMAT" in link]
    assert len(narrowing) == 1
    assert "Tìm thấy 1 hồ sơ" in archive.page("archivist", narrowing[0]).words


def test_pages_follow_one_another_until_all_was_shown(archive: Archive) -> None:
    address, shown = "/search", list[str]()
    while True:
        page = archive.page("reader", address)
        shown += page.links("/records/")
        following = [link for link in page.links("/search") if "cursor=" in link]
        if not following:
            break
        (address,) = following
    assert len(shown) == len(set(shown)) == 27, "two open papers by name, and twenty-five more"
    assert "Về trang đầu" in page.words


def test_nothing_found_is_said_with_advice_and_near_finds_as_such(archive: Archive) -> None:
    none = archive.page("reader", "/search?q=khongcogi")
    assert "Không tìm thấy hồ sơ nào phù hợp" in none.words and "Hãy thử ít từ hơn" in none.words
    assert "Hãy bỏ bớt điều kiện" in archive.page("reader", "/search?q=khongcogi&filter=year%3D2019").words
    near = archive.page("reader", "/search?q=" + quote("nghỉ lễ đặt tên"))
    assert "Không hồ sơ nào có đủ các từ đã nhập." in near.words and near.links("/records/")


@pytest.mark.parametrize("query", ["sort=size", "filter=x", "filter=level%3DCAO", "cursor=x", f"q={'a' * 2001}", "q=date:xx"])
def test_what_cannot_be_asked_is_a_page_as_well(archive: Archive, query: str) -> None:
    page = archive.page("reader", f"/search?{query}")
    assert (page.status, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "VK-INVALID" in page.html


def test_text_of_a_record_is_never_markup_and_never_turns_what_is_beside_it(archive: Archive) -> None:
    found = archive.page("reader", "/search?q=" + quote("alert"))
    shown = archive.page("reader", f"/records/{archive.records['hostile']}")
    for page in (found, shown):
        assert "<script>" not in page.html and "\u202e" not in page.html
        assert "&lt;script&gt;" in page.html
    assert "⟨U+202E⟩" in shown.html
    asked = archive.page("reader", "/search?q=" + quote(SCRIPT))
    assert "<script>" not in asked.html and "\u202e" not in asked.html


def test_a_snippet_is_cut_where_its_matches_are() -> None:
    assert list(pieces(Snippet("<b>một hai</b>", ((3, 6), (7, 10))))) == [
        Piece("<b>", False), Piece("một", True), Piece(" ", False), Piece("hai", True), Piece("</b>", False),
    ]  # fmt: skip


def test_a_record_shows_its_fields_its_level_and_why_it_has_it(archive: Archive) -> None:
    page = archive.page("archivist", f"/records/{archive.records['secret']}")
    described = ("phương án bảo vệ hội nghị", "2-BC/VPTU", "24/07/2019", "Văn phòng Tỉnh ủy Lào Cai")
    assert [words for words in (*described, "Dấu chỉ độ mật", "Luật 117/2025/QH15, Điều 8") if words not in page.words] == []
    assert '<span class="level mat">Mật</span>' in page.html
    assert "Lực lượng bảo vệ gồm ba vòng." in page.words
    english = archive.page("archivist", f"/records/{archive.records['secret']}", headers={"accept-language": "en-GB,en;q=0.9"})
    assert '<html lang="en">' in english.html and '<span class="level mat">Confidential</span>' in english.html and "24 Jul 2019" in english.words


def test_each_look_is_logged_as_what_it_is(archive: Archive) -> None:
    record = archive.records["drawn"]
    before = len(archive.acts(record=record))
    assert archive.page("archivist", f"/records/{record}?page=2").status == 200
    assert archive.ask("archivist", f"records/{record}/pages/2").status == 200
    assert archive.page("archivist", f"/records/{record}/text").status == 200
    logged = [(act["person"], act["action"], act["outcome"], act["details"]) for act in archive.acts(record=record)[before:]]
    assert sorted(logged, key=str) == [
        ("archivist", "read", "done", {"page": 2, "part": "access"}),
        ("archivist", "read", "done", {"page": 2, "part": "text"}),
        ("archivist", "read", "done", {"part": "text"}),
        ("archivist", "show", "done", {}),
    ]


@pytest.mark.parametrize("path", ["/records/{}", "/records/{}?page=2", "/records/{}/text", "records/{}/pages/1", "records/{}/parts/original"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_what_is_hidden_is_answered_as_what_never_was(archive: Archive, path: str, lang: str) -> None:
    hidden = archive.records["secret"]
    there, never = (archive.ask("reader", path.format(one), headers={"accept-language": lang}) for one in (hidden, GHOST))
    assert there.status == 404
    assert (there.headers, there.body.replace(hidden.encode(), GHOST.encode())) == (never.headers, never.body)
    for who in ("auditor", "administrator"):
        assert archive.ask(who, path.format(archive.records["open"]), headers={"accept-language": lang}).status == 404


def test_a_page_that_is_not_there_is_not_found(archive: Archive) -> None:
    for query in ("0", "3", "01", "x", "-1", "9" * 30):
        assert archive.page("archivist", f"/records/{archive.records['drawn']}?page={query}").status == 404
        assert archive.ask("archivist", f"records/{archive.records['drawn']}/pages/{query}").status == 404


def test_a_page_is_pictured_for_her_who_may_read_it(archive: Archive) -> None:
    record = archive.records["drawn"]
    for number in (1, 2):
        reply = archive.ask("archivist", f"records/{record}/pages/{number}")
        headers = dict(reply.headers)
        assert (reply.status, headers["content-type"]) == (200, "image/jpeg")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-disposition"] == "inline"
        assert headers["content-security-policy"] == "sandbox; default-src 'none'"
        with Image.open(io.BytesIO(reply.body)) as picture:
            assert (picture.format, picture.width, picture.height) == ("JPEG", 992, 1404)
            assert picture.convert("L").getextrema()[0] < 64  # something is written there
    assert archive.ask("archivist", f"records/{archive.records['open']}/pages/1").status == 404, "a text has no pictures"
    page = archive.page("archivist", f"/records/{record}?page=2")
    assert f'<img src="/api/v1/records/{record}/pages/2"' in page.html and "Trang hai" in page.words
    assert "<img" not in archive.page("archivist", f"/records/{archive.records['open']}").html


def test_the_text_of_a_record_comes_as_a_file(archive: Archive) -> None:
    reply = archive.ask("archivist", f"/records/{archive.records['drawn']}/text")
    headers = dict(reply.headers)
    assert headers["content-disposition"] == f'attachment; filename="{archive.records["drawn"]}.txt"'
    assert (headers["content-type"], headers["cache-control"]) == ("text/plain; charset=utf-8", "no-store")
    assert "THONG BAO" in reply.body.decode() and "Trang hai" in reply.body.decode()


def test_an_auditor_asks_by_record_person_action_and_outcome(archive: Archive) -> None:
    record = archive.records["secret"]
    archive.page("reader", f"/records/{record}")
    page = archive.page("auditor", f"/audit?record={record}&person=reader&action=show&outcome=denied&from=2026-01-01&to=2026-12-31")
    assert "Bị từ chối" in page.words and record in page.html and "reader" in page.words
    assert "Không có thao tác nào" in archive.page("auditor", "/audit?to=2020-01-01").words
    assert 'value="denied" selected' in page.html
    assert archive.page("auditor", "/audit?from=hom-qua").status == 422
    longer = archive.page("auditor", "/audit")
    (older,) = [link for link in longer.links("/audit") if "after=" in link]
    assert "Về đầu danh sách" in archive.page("auditor", older).words


def test_an_auditor_has_the_log_verified(archive: Archive) -> None:
    page = archive.page("auditor", "/audit/verification", "POST", FORM)
    assert "Nhật ký nguyên vẹn" in page.words
    assert archive.page("reader", "/audit/verification", "POST", FORM).status == 403


@pytest.mark.parametrize(
    ("accepted", "cookie", "query", "lang"),
    [("en-US,en;q=0.5", "", "", "en"), ("fr", "", "", "vi"), ("en", "vankho_lang=vi", "", "vi"), ("vi", "vankho_lang=en", "?lang=vi", "vi"),
     ("vi", "", "?lang=en", "en"), ("vi", "vankho_lang=xx", "?lang=../x", "vi")],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_else_chosen_else_accepted(archive: Archive, accepted: str, cookie: str, query: str, lang: str) -> None:
    page = archive.page(None, f"/sign-in{query}", headers={"accept-language": accepted, **({"cookie": cookie} if cookie else {})})
    assert f'<html lang="{lang}">' in page.html
    assert ("set-cookie" in page.headers) == (query in ("?lang=vi", "?lang=en"))


def test_refusals_outside_the_interface_are_pages_and_inside_it_problems(archive: Archive) -> None:
    for path, kind in (("/nothing/here", "text/html; charset=utf-8"), ("/api/v1/nothing", "application/problem+json")):
        reply = archive.ask("reader", path)
        assert (reply.status, dict(reply.headers)["content-type"]) == (404, kind)
    assert archive.page("reader", "/search", "DELETE", FORM).status == 405


def test_a_part_of_a_page_is_never_filled_with_a_refusal(archive: Archive) -> None:
    part = {"hx-request": "true"}
    refused = archive.page("reader", "/search?cursor=x", headers=part)
    assert (refused.headers["hx-retarget"], refused.headers["hx-reselect"]) == ("#main", "#main")
    ended = archive.page(None, "/search?q=b", headers=part)
    assert ended.headers["hx-redirect"] == "/sign-in?next=%2Fsearch%3Fq%3Db"


def test_without_the_keeper_the_page_says_so(archive: Archive) -> None:
    gone, ours = rendezvous()
    gone.close()
    app = create_app(replace(archive.world.archive, keeper=KeeperClient(ours)))
    reply = archive.portal.call(call, app, "GET", b"/search", {"authorization": f"Bearer {token('reader')}"}, b"")
    ours.close()
    assert (reply.status, dict(reply.headers)["content-type"]) == (503, "text/html; charset=utf-8")
    assert "Tiến trình giữ khóa không trả lời" in reply.body.decode() and "Thử lại" in reply.body.decode()


def test_files_of_the_pages_are_kept_for_good_under_an_address_of_their_content(archive: Archive) -> None:
    page = archive.page(None, "/sign-in")
    addresses = page.links("/static/") + re.findall(r'src="(/static/[^"]*)"', page.html)
    assert {address.rpartition("/")[2] for address in addresses} == {"vankho.css", "vankho.svg", "vankho.js", "htmx-2.0.11.min.js"}
    for address in addresses:
        reply = archive.ask(None, address)
        assert (reply.status, dict(reply.headers)["cache-control"]) == (200, "public, max-age=31536000, immutable")
        assert archive.ask(None, address.replace("/static/", "/static/0")).status == 404


def test_pages_ask_for_the_rights_that_the_interface_asks_for() -> None:
    declared = {(route.path, method): policy_of(route.endpoint) for router in PAGES for route in router.routes for method in route.methods}  # type: ignore[attr-defined]
    asked = {place: None if policy.anyone else policy.action for place, policy in declared.items()}
    assert asked == {
        ("/", "GET"): None,
        ("/sign-in", "GET"): None,
        ("/sign-in", "POST"): None,
        ("/sign-out", "POST"): None,
        ("/search", "GET"): Action.SEARCH,
        ("/records/{record_id}", "GET"): Action.SHOW,
        ("/records/{record_id}/text", "GET"): Action.READ,
        ("/audit", "GET"): Action.AUDIT_READ,
        ("/audit/verification", "POST"): Action.AUDIT_READ,
        ("/static/{digest}/{name}", "GET"): None,
    }
    assert {place for place, policy in declared.items() if policy.anyone} == {
        ("/sign-in", "GET"), ("/sign-in", "POST"), ("/static/{digest}/{name}", "GET"),
    }  # fmt: skip


def test_htmx_is_told_to_keep_no_page_and_to_run_nothing(archive: Archive) -> None:
    (configuration,) = re.findall(r"name=\"htmx-config\" content='([^']*)'", archive.page(None, "/sign-in").html)
    told = json.loads(configuration)
    assert (told["historyCacheSize"], told["allowEval"], told["includeIndicatorStyles"], told["allowScriptTags"]) == (0, False, False, False)
