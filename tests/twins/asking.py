"""Everything that a person may ask of every route: of what she sees, of what is hidden from her, and of what never was."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from storage.vault.age import HybridIdentity
from tests.twins.story import WORDS, Person, multipart

__all__ = ["CASES", "GHOST", "PAGES", "Ask", "View", "questions"]

GHOST = "abcdefghijklmnopqrstuvwxyz"
"""An id that never was, of an id's own form."""

_PASSWORD = "bốn con trâu ăn cỏ non"
_RECIPIENT = HybridIdentity(b"\1" * 32).recipient().text()
_MALFORMED = ("0", "..", "%2e%2e", "%00", "%ff%fe", "h%E1%BB%93%20s%C6%A1", "x" * 300, "null", "*", "%25", "a%2Fb", "%20")


@dataclass(frozen=True)
class Ask:
    """One request. target: below /api/v1, or from the root if it begins with a slash, quoted.

    swap: an id in it that must be answered as GHOST is in its place. changes: whether it may change a record, so that it comes after
    those that read. pages: whether the cursors of its answer are followed. excepted: whether the answer may tell of what is hidden,
    because the route is about the whole instance and she is who keeps it.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    swap: str | None = None
    changes: bool = False
    pages: bool = False
    excepted: bool = False

    def ghost(self) -> Ask:
        """The same of what never was."""
        assert self.swap is not None
        return replace(self, target=self.target.replace(self.swap, GHOST), body=self.body.replace(self.swap.encode(), GHOST.encode()))


@dataclass(frozen=True)
class View:
    """What she asks about. visible: she may read them. deposited: hers, but not to be read by her. hidden: neither.

    mine: her receipts and batches. others: receipts and batches of others. grants: on visible records, and on hidden ones.
    names: of people and sources.
    """

    person: Person
    visible: tuple[str, ...]
    deposited: tuple[str, ...]
    hidden: tuple[str, ...]
    receipts: tuple[str, ...]
    batches: tuple[str, ...]
    other_receipts: tuple[str, ...]
    other_batches: tuple[str, ...]
    grants: tuple[str, ...]
    hidden_grants: tuple[str, ...]
    names: tuple[str, ...]

    def records(self, malformed: bool = True) -> Iterator[tuple[str, str | None]]:
        """Ids to be asked for, each with itself where it must be answered as one that never was."""
        yield from ((record, None) for record in (*self.visible[:4], *self.deposited[:2], GHOST))
        yield from ((record, record) for record in self.hidden[:4])
        if malformed:
            yield from ((text, None) for text in _MALFORMED)
            yield from ((record.upper(), record.upper()) for record in self.hidden[:1])
            yield from ((f"{record}%20", record) for record in self.hidden[:1])
            yield from ((f"{record}/", record) for record in self.hidden[:1])


Case = Callable[[View], Iterable[Ask]]
_JSON = {"content-type": "application/json"}
_ENGLISH = {"accept-language": "en"}


def _sent(method: str, target: str, content: object, swap: str | None = None, headers: Mapping[str, str] | None = None) -> Ask:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Ask(method, target, {**_JSON, **(headers or {})}, body, swap, changes=True)


def _search(view: View) -> Iterator[Ask]:
    own = [f"riêng{number}" for number in range(14)]
    refs = [f"{number}-BC/VPTU" for number in range(1, 8)] + [f"{number}/TB-UBND" for number in range(1, 8)]
    texts = ["", *WORDS, *own, *refs, "thuy loi", "de dieu", '"học phí"', "giáo viên bệnh viện", "biên giới từ lạ", "kiểm toán -ngân", "b"]
    texts += ["subject:cầu", "issuer:Lào Cai", "tags:biên", "issuer:Lào -tỉnh", "CCCD", "1.txt", "báo cáo", '"', "a:b:c", "( OR", "\x00", "😀"]
    for text in texts:
        yield Ask("GET", f"search?q={quote(text)}&facets=true&snippets=true")
    for text in ("", WORDS[0], "tỉnh Lào Cai", "ngày tháng", "tinh lao cai"):
        for sort in ("rank", "date", "size"):
            yield Ask("GET", f"search?q={quote(text)}&sort={sort}&limit=1&facets=true", pages=True)
            yield Ask("GET", f"search?q={quote(text)}&sort={sort}&limit=3&snippets=true", _ENGLISH, pages=True)
    filters = ["level=MAT", "level=TUYET_MAT", "level=NON_CONFIDENTIAL", "office=so-a", "office=central", "doc_type=REPORT", "doc_type=Đơn"]
    filters += ["date=2019-07", "issuer=Văn phòng Tỉnh ủy Lào Cai", f"tags={WORDS[0]}", "state=kept", "record_id=x", "confidential=true"]
    filters += ["level", "=", "year=2019"]
    for one in filters:
        yield Ask("GET", f"search?filter={quote(one)}&facets=true")
        yield Ask("GET", f"search?q={quote('lào cai')}&filter={quote(one)}&filter=level%3DMAT&facets=true&limit=1", pages=True)
    for query in ("limit=0", "limit=1000", "limit=1001", "limit=-1", "limit=x", "cursor=x", "cursor=", "facets=maybe", f"q={'a' * 2001}", "other=1"):
        yield Ask("GET", f"search?{query}")


def _of_record(method: str, path: str, malformed: bool = True) -> Case:
    def case(view: View) -> Iterator[Ask]:
        for record, swap in view.records(malformed):
            yield Ask(method, path.format(record), {}, swap=swap)
            if swap is not None:
                yield Ask(method, path.format(record), _ENGLISH, swap=swap)

    return case


def _parts(view: View) -> Iterator[Ask]:
    ranges = ("bytes=0-9", "bytes=5-", "bytes=-7", "bytes=99999999-", "bytes=9-2", "bytes=0-0,5-6", "lines=1-2", "bytes=-0")
    for record, swap in view.records():
        for part in ("original", "access", "text"):
            yield Ask("GET", f"records/{record}/parts/{part}", swap=swap)
        yield Ask("GET", f"records/{record}/parts/original?format=age", swap=swap)
    for record, swap in view.records(malformed=False):
        for part in ("description", "envelope", "pages", "none", "%00"):
            yield Ask("GET", f"records/{record}/parts/{part}", swap=swap)
        yield Ask("GET", f"records/{record}/parts/text?format=zip", swap=swap)
        yield from (Ask("GET", f"records/{record}/parts/text", {"range": one}, swap=swap) for one in ranges)


def _pictures(view: View) -> Iterator[Ask]:
    for record, swap in view.records():
        yield Ask("GET", f"records/{record}/pages/1", swap=swap)
    for record, swap in view.records(malformed=False):
        yield from (Ask("GET", f"records/{record}/pages/{number}", swap=swap) for number in ("0", "2", "01", "-1", "9999999", "x", "%00"))


def _search_pages(view: View) -> Iterator[Ask]:
    filtered = ("?filter=level%3DMAT", "?filter=office%3Dso-a&q=b", "?filter=x")
    for query in ("", f"?q={quote(WORDS[0])}", "?q=tinh+lao+cai&sort=date", *filtered, "?sort=size", "?cursor=x"):
        yield Ask("GET", f"/search{query}")
        yield Ask("GET", f"/search{query}", {**_ENGLISH, "hx-request": "true"})


def _record_pages(path: str) -> Case:
    def case(view: View) -> Iterator[Ask]:
        for record, swap in view.records():
            yield Ask("GET", path.format(record), swap=swap)
        for record, swap in view.records(malformed=False):
            yield from (Ask("GET", f"{path.format(record)}{query}", swap=swap) for query in ("?lang=en", "?page=2", "?page=x"))

    return case


def _audit_pages(view: View) -> Iterator[Ask]:
    yield from (Ask("GET", f"/audit{query}") for query in ("", "?from=x", "?outcome=denied", "?after=x", f"?record={GHOST}"))
    yield from (Ask("GET", f"/audit?record={record}", swap=record) for record in view.hidden[:2])


def _sign_in_pages(view: View) -> Iterator[Ask]:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for name in (view.person.name, view.names[0], "ai đó"):
        yield Ask("POST", "/sign-in", form, f"name={quote(name)}&password=x&next=/".encode())
    yield Ask("POST", "/sign-in", form, b"\xff")


def _edits(view: View) -> Iterator[Ask]:
    for record, swap in view.records():
        yield _sent("PATCH", f"records/{record}", {"set": {"subject": "về đê điều", "tags": "đê, điều"}, "reason": "sửa cho đúng"}, swap)
    for record, swap in view.records(malformed=False):
        for fields in ({}, {"level": "MAT"}, {"date": "hôm qua"}, {"subject": 1}):
            yield _sent("PATCH", f"records/{record}", {"set": fields, "reason": "sửa"}, swap)
        yield _sent("PATCH", f"records/{record}", [], swap)
        yield Ask("PATCH", f"records/{record}", _JSON, b"{", swap, changes=True)


def _withdrawals(view: View) -> Iterator[Ask]:
    for record, swap in view.records():
        if record not in view.visible[1:]:
            yield _sent("POST", f"records/{record}/withdrawal", {"reason": "nhầm"}, swap)
    for record, swap in view.records(malformed=False):
        yield _sent("POST", f"records/{record}/withdrawal", {"why": "nhầm"}, swap)


def _unlockings(view: View) -> Iterator[Ask]:
    for record, swap in view.records():
        yield _sent("POST", f"records/{record}/unlocking", {"password": "mở ra"}, swap)
    for record, swap in view.records(malformed=False):
        yield _sent("POST", f"records/{record}/unlocking", {"password": ""}, swap)


def _rereadings(view: View) -> Iterator[Ask]:
    for record, swap in view.records():
        yield _sent("POST", f"records/{record}/reading", {}, swap)
    for record, swap in view.records(malformed=False):
        yield _sent("POST", f"records/{record}/reading", {"password": "mở ra"}, swap)
        yield _sent("POST", f"records/{record}/reading", {"password": ""}, swap)


def _levels(path: str) -> Case:
    def case(view: View) -> Iterator[Ask]:
        for record, swap in view.records():
            yield _sent("POST", path.format(record), {"level": "MAT", "reason": "xét lại"}, swap)
        for record, swap in view.records(malformed=False):
            for level in ("NON_CONFIDENTIAL", "TUYET_MAT", "CAO"):
                yield _sent("POST", path.format(record), {"level": level, "reason": "xét lại"}, swap)
            yield _sent("POST", path.format(record), {"level": "NON_CONFIDENTIAL", "reason": "x"}, swap, {"vankho-second": view.person.token})
            yield _sent("POST", path.format(record), {"level": "NON_CONFIDENTIAL", "reason": "x"}, swap, {"vankho-second": "vk1_" + "a" * 43})

    return case


def _receipts(view: View) -> Iterator[Ask]:
    for receipt in (*view.receipts, *view.deposited[:1], *_MALFORMED, GHOST):
        yield Ask("GET", f"receipts/{receipt}")
    for receipt in view.receipts[:2]:
        yield Ask("GET", f"receipts/{receipt}", {"prefer": "wait=1", **_ENGLISH})
    for receipt in (*view.other_receipts[:4], *view.hidden[:1]):
        yield Ask("GET", f"receipts/{receipt}", swap=receipt)


def _batches(view: View) -> Iterator[Ask]:
    yield from (Ask("GET", f"batches/{batch}") for batch in (*view.batches, *_MALFORMED, GHOST))
    yield from (Ask("GET", f"batches/{batch}", swap=batch) for batch in (*view.other_batches[:4], *view.hidden[:1]))


def _deposits(view: View) -> Iterator[Ask]:
    headers, body = multipart("mới.txt", "một văn bản mới về đê điều".encode())
    yield Ask("POST", "deposits", headers, body, changes=True)
    yield Ask("POST", "deposits", {**headers, "idempotency-key": "lan-mot"}, body, changes=True)
    yield Ask("POST", "deposits", {**headers, "idempotency-key": "lan-mot"}, body + b" ", changes=True)
    yield Ask("POST", "deposits", {**headers, "idempotency-key": "k" * 256}, body, changes=True)
    yield Ask("POST", "deposits", _JSON, b"{}", changes=True)
    yield Ask("POST", "deposits", headers, body[:40], changes=True)
    yield from (Ask("POST", f"deposits?batch={batch}", headers, body, changes=True) for batch in (*view.batches[:2], GHOST, "x", "x" * 27))
    yield from (Ask("POST", f"deposits?batch={batch}", headers, body, batch, changes=True) for batch in view.other_batches[:3])


def _people(view: View) -> Iterator[Ask]:
    new = {"name": "người mới", "office": "so-a", "roles": ["officer"], "token_sha256": "0" * 64}
    wrong = ({"office": "không có"}, {"roles": ["vua"]}, {"clearance": "CAO"}, {"token_sha256": "x"}, {"name": view.person.name}, {"name": "\x00"})
    yield from (_sent("POST", "people", new | one) for one in ({}, *wrong))


def _sources(view: View) -> Iterator[Ask]:
    new = {"name": "máy mới", "token_sha256": "1" * 64}
    yield from (_sent("POST", "sources", new | one) for one in ({"office": "so-b"}, {}, {"office": "không có"}, {"name": view.person.name}))


def _hosts(view: View) -> Iterator[Ask]:
    new = {"name": "may-1", "public_key": "07" * 32, "recipient": _RECIPIENT}
    wrong = ({"name": "Máy 1"}, {"name": "a/b"}, {"public_key": "x"}, {"recipient": "age1"}, {"recipient": "x" * 4001})
    yield from (_sent("POST", "hosts", new | one) for one in ({}, {}, *wrong))


def _hosts_disabling(view: View) -> Iterator[Ask]:
    for name in ("may-1", "may-1", GHOST, *_MALFORMED[:6]):
        yield Ask("POST", f"hosts/{quote(name, safe='%')}/disabling", changes=True)


def _disabling(view: View) -> Iterator[Ask]:
    for name in (view.names[0], view.names[0], "ai đó", GHOST, *_MALFORMED[:6]):
        yield Ask("POST", f"people/{quote(name, safe='%')}/disabling", changes=True)


def _passwords(view: View) -> Iterator[Ask]:
    yield from (_sent("PUT", "password", {"password": password}) for password in (_PASSWORD, "matkhau123456", "", None))
    yield _sent("PUT", "password", {"password": _PASSWORD, "current": "x"})


def _passwords_of(view: View) -> Iterator[Ask]:
    for name in (view.names[0], "ai đó", GHOST, *_MALFORMED[:3]):
        yield _sent("PUT", f"people/{quote(name, safe='%')}/password", {"password": "ba con trâu ăn cỏ non"})


def _sign_ins(view: View) -> Iterator[Ask]:
    for name, password in ((view.person.name, _PASSWORD), (view.names[0], "sai rồi sai rồi"), ("ai đó", "x")):
        yield _sent("POST", "sessions", {"name": name, "password": password})
    yield _sent("POST", "sessions", {"name": view.person.name, "password": "x"}, headers={"origin": "https://elsewhere.example"})
    yield _sent("POST", "sessions", {"name": view.person.name})


def _grants(view: View) -> Iterator[Ask]:
    until, to = "2027-02-01T00:00:00+07:00", view.names[-1]
    for record, swap in view.records():
        yield _sent("POST", "grants", {"person": to, "record": record, "until": until, "reason": "cần biết"}, swap)
    for record, swap in view.records(malformed=False):
        yield _sent("POST", "grants", {"person": "ai đó", "record": record, "until": until, "reason": "cần biết"}, swap)
        yield _sent("POST", "grants", {"person": to, "record": record, "case": "vụ 1", "until": until, "reason": "x"}, swap)
        yield _sent("POST", "grants", {"person": to, "record": record, "until": "2020-01-01T00:00:00Z", "reason": "x"}, swap)
        yield _sent("POST", "grants", {"person": to, "record": record, "until": "2027-01-01T00:00:00", "reason": "x"}, swap)
    yield _sent("POST", "grants", {"person": to, "case": "vụ 1", "until": until, "reason": "x"})


def _revocations(view: View) -> Iterator[Ask]:
    yield from (Ask("DELETE", f"grants/{grant}", changes=True) for grant in (*view.grants[:2], *view.grants[:1], GHOST, *_MALFORMED))
    yield from (Ask("DELETE", f"grants/{one}", swap=one, changes=True) for one in (*view.hidden_grants[:4], *view.hidden[:1]))


def _trials(target: str) -> Case:
    def case(view: View) -> Iterator[Ask]:
        yield Ask("POST", f"{target}?name=a.txt", {"content-type": "text/plain"}, "TUYỆT MẬT\nđê điều".encode())
        yield Ask("POST", target, {"content-type": "application/x-ndjson"}, b'{"id": "1", "title": "a", "body": "b"}\nx\n')
        yield from (Ask("POST", target, {}, body) for body in (b"\xff", b"%PDF-1.4\n1 0 obj", b""))

    return case


def _kept_by(*roles: str) -> Callable[[Case], Case]:
    """Mark a route's answers as excepted for those roles."""

    def marked(case: Case) -> Case:
        return lambda view: (replace(ask, excepted=bool({*roles} & {*view.person.roles})) for ask in case(view))

    return marked


def _audit(view: View) -> Iterator[Ask]:
    for query in ("", "?limit=3", "?limit=0", "?from=x", "?outcome=denied", "?after=x", f"?record={GHOST}"):
        yield Ask("GET", f"audit{query}")
    yield from (Ask("GET", f"audit?record={record}", swap=record) for record in view.hidden[:2])


def _one(method: str, *targets: str, changes: bool = False) -> Case:
    return lambda view: [Ask(method, target, changes=changes) for target in targets]


CASES: dict[tuple[str, str], Case] = {
    ("POST", "/deposits"): _deposits,
    ("GET", "/receipts/{receipt_id}"): _receipts,
    ("POST", "/batches"): _one("POST", "batches", changes=True),
    ("GET", "/batches/{batch_id}"): _batches,
    ("GET", "/records/{record_id}"): _of_record("GET", "records/{}"),
    ("PATCH", "/records/{record_id}"): _edits,
    ("POST", "/records/{record_id}/withdrawal"): _withdrawals,
    ("POST", "/records/{record_id}/unlocking"): _unlockings,
    ("POST", "/records/{record_id}/reading"): _rereadings,
    ("POST", "/records/{record_id}/level"): _levels("records/{}/level"),
    ("GET", "/records/{record_id}/parts/{part}"): _parts,
    ("GET", "/records/{record_id}/pages/{number}"): _pictures,
    ("GET", "/review"): _one("GET", "review", "review?limit=1", "review?limit=0", "review?limit=x"),
    ("POST", "/review/{record_id}"): _levels("review/{}"),
    ("GET", "/people"): _one("GET", "people"),
    ("POST", "/people"): _people,
    ("POST", "/people/{name:path}/disabling"): _disabling,
    ("PUT", "/people/{name:path}/password"): _passwords_of,
    ("PUT", "/password"): _passwords,
    ("POST", "/sessions"): _sign_ins,
    ("GET", "/sessions/current"): _one("GET", "sessions/current"),
    ("DELETE", "/sessions/current"): _one("DELETE", "sessions/current", changes=True),
    ("POST", "/grants"): _grants,
    ("DELETE", "/grants/{grant_id}"): _revocations,
    ("POST", "/sources"): _sources,
    ("GET", "/hosts"): _one("GET", "hosts"),
    ("POST", "/hosts"): _hosts,
    ("POST", "/hosts/{name:path}/disabling"): _hosts_disabling,
    ("GET", "/audit"): _kept_by("auditor")(_audit),
    ("POST", "/audit/verification"): _kept_by("auditor")(_one("POST", "audit/verification")),
    ("GET", "/audit/checkpoint"): _kept_by("auditor", "administrator")(_one("GET", "audit/checkpoint")),
    ("GET", "/audit/bundle"): _kept_by("auditor")(_one("GET", "audit/bundle")),
    ("GET", "/search"): _search,
    ("GET", "/status"): _kept_by("auditor", "administrator")(_one("GET", "status")),
    ("GET", "/keys"): _one("GET", "keys"),
    ("POST", "/checks"): _one("POST", "checks", "checks?read_data=1", "checks?read_data=maybe"),
    ("POST", "/reindexing"): _one("POST", "reindexing", "reindexing?office=central", "reindexing?office=nowhere", changes=True),
    ("GET", "/reindexing"): _kept_by("administrator")(_one("GET", "reindexing")),
    ("POST", "/classifications"): _trials("classifications"),
    ("POST", "/readings"): _trials("readings"),
    ("GET", "/debug/dump"): _one("GET", "debug/dump"),
}
"""For every route of the app what is asked of it; methods and paths below /api/v1 as the app declares them."""

PAGES: dict[tuple[str, str], Case] = {
    ("GET", "/"): _one("GET", "/", "/?lang=en"),
    ("GET", "/sign-in"): _one("GET", "/sign-in", "/sign-in?next=/search%3Fq%3Db", "/sign-in?next=//elsewhere.example&said=out"),
    ("POST", "/sign-in"): _sign_in_pages,
    ("POST", "/sign-out"): _one("POST", "/sign-out", changes=True),
    ("GET", "/search"): _search_pages,
    ("GET", "/records/{record_id}"): _record_pages("/records/{}"),
    ("GET", "/records/{record_id}/text"): _record_pages("/records/{}/text"),
    ("GET", "/audit"): _kept_by("auditor")(_audit_pages),
    ("POST", "/audit/verification"): _kept_by("auditor")(_one("POST", "/audit/verification")),
    ("GET", "/static/{digest}/{name}"): _one("GET", "/static/0/vankho.css", "/static/0/..%2f..%2fsearching.py"),
}
"""The same for the pages, whose paths begin at the root."""

_OTHER_METHODS = ("HEAD", "OPTIONS", "PUT", "TRACE", "GET", "POST", "DELETE", "PATCH")


def questions(view: View, seed: int, most: int | None) -> list[Ask]:
    """What she asks, in this order: first what reads, then what changes, then again what reads. most: about how many; None for all there are.

    At least one is asked of every route, and where it names an id one about what is hidden.
    """
    chance = random.Random(f"{seed} {view.person.name}")
    first, rest = [], []
    for asks in [*(list(case(view)) for case in (*CASES.values(), *PAGES.values())), list(_wrong(view))]:
        chance.shuffle(asks)
        asks.sort(key=lambda ask: ask.swap is None)
        first += asks[:1]
        rest += asks[1:]
    chance.shuffle(rest)
    asked = [*first, *(rest if most is None else rest[: max(0, most - len(first))])]
    reading, changing = [ask for ask in asked if not ask.changes], [ask for ask in asked if ask.changes]
    again = [ask for ask in reading if ask.target.startswith(("search", "review", "people"))]
    return [*reading, *changing, *again[: None if most is None else most // 8]]


def _wrong(view: View) -> Iterator[Ask]:
    """Methods that a route does not have, and paths that are none."""
    declared = {*CASES}
    for _, path in CASES:
        for method in _OTHER_METHODS:
            if (method, path) not in declared:
                for one, swap in ((GHOST, None), *((record, record) for record in view.hidden[:1])):
                    named = "{" in path
                    target = "/".join(one if part.startswith("{") else part for part in path.strip("/").split("/"))
                    yield Ask(method, target, swap=swap if named else None)
    yield from (Ask("GET", target) for target in ("openapi.json", "nothing", "", "records", "records/", "../etc/passwd", "records//parts/text"))
