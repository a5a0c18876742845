"""The pages in a real browser, on an instance that is really served: what people do, with and without a mouse, and what axe says of each page."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Response, expect, sync_playwright
from playwright.sync_api import Page as Tab

from search_api.web.texts import texts_in
from tests.instances import Instance
from tests.proofs.served import Served
from tests.search_api.papers import notice

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
SCAN = DATA / "vi-documents" / "05-CT-UBND-2020.pdf"
SECRET = DATA / "demonstration" / "bao-cao-mat.txt"
NOTICES = (
    ("mở rộng nộp thuế điện tử tại huyện Bát Xát", "Hộ kinh doanh trên địa bàn huyện đăng ký nộp thuế điện tử trước ngày 15 tháng 8."),
    ("kết quả triển khai nộp thuế điện tử", "Trong quý II, 312 hộ đã nộp thuế điện tử; chỉ tiêu là 400 hộ."),
    ("lịch tiếp công dân tháng 8", "Lãnh đạo Ủy ban nhân dân tỉnh tiếp công dân vào ngày 15 hằng tháng."),
)
"""Generated for these tests."""
TITLE = "triển khai thực hiện mở rộng nộp thuế điện tử đối với cá nhân kinh doanh trên địa bàn tỉnh Quảng Ngãi"
PASSWORD = "bốn con trâu trắng qua cầu"
PEOPLE = {"lan": ("archivist", "MAT"), "minh": ("archivist", "NON_CONFIDENTIAL"), "hoa": ("auditor", "NON_CONFIDENTIAL")}
GHOST = "abcdefghijklmnopqrstuvwxyz"
WIDE, NARROW = {"width": 1200, "height": 860}, {"width": 360, "height": 740}
LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}
PATIENCE = 30_000
"""Milliseconds that a loaded machine may take for a page."""

expect.set_options(PATIENCE)


@dataclass
class Visit:
    """One person's browser. wrong: what the browser complained of; any of it fails the test."""

    tab: Tab
    address: str
    lang: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> Response:
        answer = self.tab.goto(self.address + path)
        assert answer is not None
        return answer

    def say(self, key: str, **facts: object) -> str:
        return texts_in(self.lang)(key, **facts)

    def sign_in(self, name: str) -> None:
        self.open("/")
        self.tab.get_by_label(self.say("sign_in.name")).fill(name)
        self.tab.get_by_label(self.say("sign_in.password")).fill(PASSWORD)
        self.tab.get_by_role("button", name=self.say("sign_in.submit")).click()
        expect(self.tab.get_by_role("button", name=self.say("sign_in.out"))).to_be_visible()

    def search(self, words: str) -> None:
        self.tab.get_by_label(self.say("search.label")).fill(words)
        self.tab.keyboard.press("Enter")
        expect(self.tab).to_have_url(re.compile(r"[?&]q=.+"))


@dataclass(frozen=True)
class House:
    """The instance, served. scan, secret: records."""

    address: str
    scan: str
    secret: str


Visitor = Callable[..., "contextmanager[Visit]"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = Instance(tmp_path_factory.mktemp("house"))
    made.run("init", "--office", "laocai", "--recovery-out", made.recovery)
    (key_file,) = (made.config / "vankho").glob("*.key")
    officer = key_file.read_text().strip()
    with Served(made) as served:
        deposited = [served.deposit(officer, path.read_bytes(), path.name) for path in (SCAN, SECRET)]
        deposited += [served.deposit(officer, notice(number, *words).encode(), f"{number}.txt") for number, words in enumerate(NOTICES, 31)]
        for name, (role, clearance) in PEOPLE.items():
            new = {"name": name, "office": "laocai", "roles": [role], "clearance": clearance, "token_sha256": sha256(name.encode()).hexdigest()}
            assert _sent(served, officer, "POST", "people", new) == 201
            assert _sent(served, officer, "PUT", f"people/{name}/password", {"password": PASSWORD}) == 200
        scan, secret, *_ = (str(served.settled(officer, one)["record_id"]) for one in deposited)
        yield House(f"http://127.0.0.1:{served.port}", scan, secret)


def _sent(served: Served, key: str, method: str, path: str, content: object) -> int:
    return served.ask(method, path, key, json.dumps(content).encode(), {"Content-Type": "application/json"}).status


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, house: House) -> Visitor:
    """visit(lang="vi", scripts=True): a browser of its own that nobody has used."""

    @contextmanager
    def begin(lang: str = "vi", scripts: bool = True) -> Iterator[Visit]:
        with browser.new_context(viewport=WIDE, locale=LANGUAGES[lang], java_script_enabled=scripts) as context:  # type: ignore[arg-type]
            made = Visit(context.new_page(), house.address, lang)
            made.tab.on("console", lambda said: _note(made, said))
            made.tab.on("pageerror", lambda error: made.wrong.append(str(error)))
            made.tab.on("response", lambda answer: _answered(made, answer))
            yield made
            assert made.wrong == []

    return begin


def _note(visit: Visit, said: ConsoleMessage) -> None:
    if said.type in ("error", "warning") and not said.text.startswith("Failed to load resource"):  # `_answered` tells of those
        visit.wrong.append(said.text)


def _answered(visit: Visit, answer: Response) -> None:
    if answer.status >= 400 and answer.request.resource_type != "document":
        visit.wrong.append(f"{answer.status} {answer.url}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sign_in_search_without_marks_open_a_scan_and_sign_out(visit: Visitor, house: House, lang: str) -> None:
    with visit(lang) as here:
        here.sign_in("lan")
        expect(here.tab.locator("html")).to_have_attribute("lang", lang)
        here.search("mo rong nop thue dien tu")
        expect(here.tab.locator("mark").first).to_have_text("mở")
        here.tab.get_by_role("link", name=TITLE).click()
        expect(here.tab).to_have_url(f"{house.address}/records/{house.scan}")
        expect(here.tab.get_by_role("heading", level=1)).to_have_text(TITLE)
        picture = here.tab.get_by_role("img", name=here.say("record.image", n=1))
        assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth }") == 994
        expect(here.tab.locator(".text")).to_contain_text("2545/QĐ-TTg")
        here.tab.get_by_role("link", name=here.say("record.next"), exact=True).first.click()
        expect(here.tab.get_by_role("img", name=here.say("record.image", n=2))).to_be_visible()
        expect(here.tab).to_have_url(f"{house.address}/records/{house.scan}?page=2")
        expect(here.tab.locator("#languages a").first).to_have_attribute("href", "?page=2&lang=vi")
        with here.tab.expect_download() as coming:
            here.tab.get_by_role("link", name=texts_in(lang).label("part", "original")).click()
        assert coming.value.suggested_filename == SCAN.name
        assert coming.value.path().read_bytes() == SCAN.read_bytes()
        here.tab.get_by_role("button", name=here.say("sign_in.out")).click()
        expect(here.tab.get_by_text(here.say("sign_in.signed_out"))).to_be_visible()
        here.tab.go_back()
        expect(here.tab.get_by_label(here.say("sign_in.password"))).to_be_visible()
        assert "/sign-in" in here.open(f"/records/{house.scan}").url


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_secret_record_is_read_by_one_and_is_not_there_for_another(visit: Visitor, house: House, lang: str) -> None:
    with visit(lang) as lan:
        lan.sign_in("lan")
        lan.search('"phuong an bao ve hoi nghi"')
        lan.tab.get_by_role("link", name="phương án bảo vệ hội nghị").click()
        expect(lan.tab.locator(".level").first).to_have_text("Mật" if lang == "vi" else "Confidential")
        expect(lan.tab.locator(".grounds")).to_contain_text(texts_in(lang).label("ground", "MARK"))
    with visit(lang) as minh:
        minh.sign_in("minh")
        minh.search('"phuong an bao ve hoi nghi"')
        expect(minh.tab.get_by_text(minh.say("search.none"))).to_be_visible()
        hidden, seen = minh.open(f"/records/{house.secret}"), minh.tab.content()
        never, unseen = minh.open(f"/records/{GHOST}"), minh.tab.content()
        assert (hidden.status, seen) == (never.status, unseen)
        assert hidden.status == 404


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_auditor_sees_who_looked_and_that_the_log_is_sound(visit: Visitor, house: House, lang: str) -> None:
    with visit(lang) as minh:
        minh.sign_in("minh")
        minh.open(f"/records/{house.secret}")
    with visit(lang) as hoa:
        hoa.sign_in("hoa")
        form = hoa.tab.get_by_role("search")
        form.get_by_label(hoa.say("audit.record")).fill(house.secret)
        form.get_by_label(hoa.say("audit.outcome")).select_option("denied")
        form.get_by_role("button").click()
        expect(hoa.tab.locator("tbody tr.denied").first).to_contain_text("minh")
        expect(hoa.tab.locator("tbody tr.done")).to_have_count(0)
        hoa.tab.get_by_role("button", name=hoa.say("audit.verify")).click()
        expect(hoa.tab.locator(".note.good")).to_be_visible()


def test_the_keyboard_alone_suffices(visit: Visitor, house: House) -> None:
    with visit() as here:
        here.open("/search")
        keys = here.tab.keyboard
        keys.type("lan")
        keys.press("Tab")
        keys.type(PASSWORD)
        keys.press("Enter")
        expect(here.tab).to_have_url(f"{house.address}/search")
        keys.press("/")
        keys.type('"nộp thuế điện tử đối với cá nhân kinh doanh"')
        keys.press("Enter")
        expect(here.tab.locator("mark").first).to_be_visible()
        for _ in range(30):
            keys.press("Tab")
            if here.tab.evaluate("document.activeElement.closest('h3') !== null"):
                break
        assert here.tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        keys.press("Enter")
        expect(here.tab).to_have_url(f"{house.address}/records/{house.scan}")
        keys.press("Tab")
        expect(here.tab.get_by_role("link", name=here.say("page.skip"))).to_be_in_viewport()
        keys.press("Enter")
        assert here.tab.evaluate("document.activeElement.id") == "main"


def test_a_filter_is_set_and_taken_away_without_loading_the_page_anew_and_no_page_is_kept(visit: Visitor) -> None:
    with visit() as here:
        here.sign_in("lan")
        here.tab.evaluate("window.untouched = true")
        here.tab.get_by_role("link", name=re.compile("^Mật 1$")).click()
        expect(here.tab.locator("#results")).to_have_text(here.say("search.total", n=1))
        expect(here.tab.locator("#said")).to_have_text(here.say("search.total", n=1))
        expect(here.tab).to_have_url(re.compile("filter=level%3DMAT"))
        expect(here.tab.get_by_role("link", name="English")).to_have_attribute("href", "?q=&filter=level%3DMAT&lang=en")
        here.tab.get_by_role("link", name=re.compile(here.say("search.remove", what=".*"))).click()
        expect(here.tab.locator("#results")).to_have_text(here.say("search.all", n=5))
        assert here.tab.evaluate("window.untouched") is True
        stored = here.tab.evaluate("JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage})")
        assert "thuế" not in stored and "<" not in stored
        here.tab.go_back()
        expect(here.tab.locator("#results")).to_have_text(here.say("search.total", n=1))


def test_a_refusal_takes_the_place_of_what_is_there_and_an_ended_session_leads_to_the_sign_in_page(visit: Visitor) -> None:
    with visit() as here:
        here.sign_in("lan")
        here.search("date:x")
        expect(here.tab.get_by_role("heading", level=1)).to_have_text("Yêu cầu không hợp lệ")
        expect(here.tab.locator("header.head, #main")).to_have_count(2)
        assert [complaint[:4] for complaint in here.wrong] == ["422 "]
        here.wrong.clear()
        here.open("/search")
        here.tab.context.clear_cookies()
        here.tab.get_by_role("link", name=re.compile("^Mật 1$")).click()
        expect(here.tab.get_by_label(here.say("sign_in.password"))).to_be_visible()
        assert "next=%2Fsearch%3Fq%3D%26filter%3Dlevel%253DMAT" in here.tab.url


def test_all_of_it_works_without_scripts(visit: Visitor, house: House) -> None:
    with visit(scripts=False) as here:
        here.sign_in("lan")
        here.search("tinh")
        here.tab.get_by_role("link", name=re.compile("^Chỉ thị 1$")).click()
        expect(here.tab.locator("#results")).to_have_text(here.say("search.total", n=1))
        here.tab.get_by_role("link", name=TITLE).click()
        here.tab.get_by_label(here.say("record.go_label")).fill("2")
        here.tab.get_by_role("button", name=here.say("record.go")).click()
        expect(here.tab).to_have_url(f"{house.address}/records/{house.scan}?page=2")
        here.tab.get_by_role("link", name="English").click()
        expect(here.tab.get_by_role("heading", name="Pages of the document")).to_be_visible()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_on_any_page_wide_or_narrow_light_or_dark(visit: Visitor, house: House, lang: str) -> None:
    found = []
    read = ["/search?q=thue&filter=level%3DNON_CONFIDENTIAL", "/search?q=khongcogi", f"/records/{house.scan}", f"/records/{house.secret}"]
    with visit(lang) as nobody:
        nobody.open("/sign-in?said=out")
        found += _violations(nobody)
    for name, paths in {"lan": [*read, "/records/none"], "hoa": ["/audit"]}.items():
        with visit(lang) as here:
            here.sign_in(name)
            for path in paths:
                here.open(path)
                found += _violations(here)
    assert found == []


def _violations(visit: Visit) -> Iterator[str]:
    for viewport, scheme in ((WIDE, "light"), (NARROW, "dark")):
        visit.tab.set_viewport_size(viewport)  # type: ignore[arg-type]
        visit.tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for one in Axe().run(visit.tab).response["violations"]:
            yield f"{visit.tab.url} {viewport['width']} {scheme}: {one['id']}: {[node['html'] for node in one['nodes']]}"
        if visit.tab.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
            yield f"{visit.tab.url} is wider than {viewport['width']}"


def test_the_picture_of_the_page_is_taken(visit: Visitor, tmp_path: Path) -> None:
    """VANKHO_PICTURES: a folder, `docs/pictures`, where the picture of the README is written anew."""
    target = Path(os.environ.get("VANKHO_PICTURES", tmp_path)) / "search.png"
    target.parent.mkdir(parents=True, exist_ok=True)
    with visit() as here:
        here.sign_in("lan")
        here.search("nop thue dien tu")
        expect(here.tab.locator(".hits > li")).to_have_count(3)
        here.tab.screenshot(path=target)
    assert target.read_bytes().startswith(b"\x89PNG")
