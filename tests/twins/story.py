"""What happens in a world: offices, people, documents and acts, drawn at random from a seed."""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote

from tests.twins.asgi import Reply
from tests.twins.world import START, World

__all__ = ["KINDS", "WORDS", "Lack", "Person", "Story", "Told", "draw", "multipart", "people", "tell"]

WORDS = ("thủy lợi", "đê điều", "học phí", "giáo viên", "bệnh viện", "vắc xin", "rừng phòng hộ", "cầu đường", "ngân sách", "kiểm toán", "biên giới")
"""What documents are about: each of these stands in several of them, hidden or not. Beside them each document has a word of its own."""

_OPEN = """ỦY BAN NHÂN DÂN\t\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH LÀO CAI\t\tĐộc lập - Tự do - Hạnh phúc
Số: {number}/TB-UBND\t\tLào Cai, ngày {day} tháng 7 năm 2019

THÔNG BÁO
Về việc {subject}
-----
{body}
"""
_PARTY = """TỈNH ỦY LÀO CAI\t\tĐẢNG CỘNG SẢN VIỆT NAM
VĂN PHÒNG\t\t
*\t\tLào Cai, ngày {day} tháng 7 năm 2019
Số {number}-BC/VPTU
{mark}
BÁO CÁO
về {subject}
-----
{body}
"""
_PETITION = """CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc

Lào Cai, ngày {day} tháng 7 năm 2019

ĐƠN {mark}
Kính gửi: Ủy ban nhân dân tỉnh Lào Cai
Tôi là Nguyễn Văn An, CCCD số 0010850{number:05d}, ở xã Bản Hồ. Về việc {subject}. {body}
"""
_FORMS = (
    *((_OPEN, ""),) * 4,
    (_PARTY, ""),
    *((_PARTY, "MẬT"),) * 3,
    *((_PARTY, "TỐI MẬT"),) * 2,
    (_PARTY, "TUYỆT MẬT"),
    (_PARTY, "BÍ MẬT CÔNG TÁC"),
    (_PETITION, "KHIẾU NẠI"),
    (_PETITION, "TỐ CÁO"),
)
_RAW = (b"\x00\x01\x02\x03 khong ro \xfe\xff", b"%PDF-1.4\n1 0 obj\n<< /Type", b"")
"""Of no known type (held for review), damaged (quarantined), empty (refused)."""

_LEVELS = ("NON_CONFIDENTIAL", "MAT", "TOI_MAT", "TUYET_MAT")
_COMPARTMENTS = ((), (), ("PETITION_PII",), ("DENOUNCER_IDENTITY", "PETITION_PII"))
_BOUNDARY = "----ranh-gioi"

KINDS = (
    ("archivist",),
    ("registrar",),
    ("officer",),
    ("administrator",),
    ("archivist", "auditor", "administrator"),
    (),
    ("officer", "auditor"),
    ("archivist", "administrator"),
    ("auditor",),
    ("registrar", "officer", "administrator"),
)
"""The roles of the people of every world, of each kind one; without a role it is a source."""


@dataclass(frozen=True)
class Person:
    """A person, or a source where there is no role."""

    name: str
    office: str
    roles: tuple[str, ...]
    clearance: str
    compartments: tuple[str, ...]

    @property
    def token(self) -> str:
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        return f"vk1_{digest[:43]}"

    @property
    def deposits(self) -> bool:
        return not self.roles or bool({"archivist", "registrar", "officer"} & {*self.roles})


@dataclass
class Told:
    """What came of a story.

    documents: the record of each document, None where it was refused. receipts, batches: ids by name. grants: ids by document. answers: to each
    act of each, by name and number. read, deposited: what each could read and had deposited when she acted, or at the end. made: record and grants
    of an act's document after it.
    """

    documents: dict[int, str | None] = field(default_factory=dict)
    receipts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    batches: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    grants: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, dict[int, Reply]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    deposited: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    made: dict[int, tuple[str | None, list[str]]] = field(default_factory=dict)

    def named(self, documents: Collection[str]) -> frozenset[int]:
        """The documents of these records."""
        return frozenset(number for number, record in self.documents.items() if record in documents)


Deed = Callable[[World, Told], Reply]


@dataclass(frozen=True)
class Act:
    """One act. document: the one that it is about. kind: what is done; `deposit` brings the document."""

    by: Person
    document: int
    kind: str
    do: Deed


@dataclass(frozen=True)
class Story:
    """offices: each with the one above it. masters: two who may do most; the others follow in the order of KINDS."""

    seed: int
    offices: tuple[tuple[str, str], ...]
    masters: tuple[Person, Person]
    people: tuple[Person, ...]
    acts: tuple[Act, ...]

    @property
    def ended(self) -> timedelta:
        """When it is told, from the beginning of the world."""
        return timedelta(minutes=len(self.acts) + 2)


def draw(seed: int, documents: int = 11, acts: int = 20) -> Story:
    """The story of a seed."""
    chance = random.Random(seed)
    offices: list[tuple[str, str]] = []
    for office in ("so-a", "so-b", "phong-1", "phong-2"):
        offices.append((office, chance.choice(["central", *(name for name, _ in offices)])))
    masters = (_master("ông Lâm"), _master("bà Vân"))
    places = ("central", "central", *(name for name, _ in offices))
    drawn = tuple(
        Person(f"người {number}", chance.choice(places), roles, chance.choice(_LEVELS), chance.choice(_COMPARTMENTS))
        for number, roles in enumerate(KINDS)
    )
    depositors = [*masters, *(person for person in drawn if person.deposits)]
    contents = [_content(chance, number) for number in range(documents)]
    for _ in range(2):  # the same content comes twice, by whoever
        contents[chance.randrange(documents)] = contents[chance.randrange(documents)]
    deposits = [_deposit(chance, chance.choice(depositors), number, content) for number, content in enumerate(contents)]
    half = documents // 2
    mixed = [*deposits[half:], *(_act(chance, masters, drawn, chance.randrange(documents)) for _ in range(acts))]
    chance.shuffle(mixed)
    return Story(seed, tuple(offices), masters, drawn, (*deposits[:half], *mixed))


def people(world: World, story: Story) -> None:
    """Add the offices and people of a story."""
    for office, parent in story.offices:
        world.add_office(office, parent)
    for person in (*story.masters, *story.people):
        who = {"name": person.name, "office": person.office, "token_sha256": hashlib.sha256(person.token.encode()).hexdigest()}
        rights = {"roles": person.roles, "clearance": person.clearance, "compartments": person.compartments}
        reply = world.send(world.officer, "POST", "people" if person.roles else "sources", who | (rights if person.roles else {}))
        assert reply.status == 201, reply


@dataclass(frozen=True)
class Lack:
    """What another world is without: documents, and all acts about them but those of `her`, who names the ids that `whole` gave.

    only_hers: documents that she deposited and never could read; without what others read or edited of them.
    """

    documents: frozenset[int]
    only_hers: frozenset[int]
    her: Person
    whole: Told

    def skips(self, act: Act) -> bool:
        return act.document in self.documents or (act.document in self.only_hers and act.by != self.her and act.kind in ("edit", "read"))


def tell(world: World, story: Story, lack: Lack | None = None) -> Told:
    """Let a story happen to its people."""
    told = Told()
    for number, act in enumerate(story.acts, 1):
        world.clock.set(START + timedelta(minutes=number))
        if lack is not None and lack.skips(act):
            if act.by == lack.her and act.kind != "deposit":
                told.answers[act.by.name][number] = act.do(world, told)
            record, grants = lack.whole.made[number]
            told.grants[act.document] = [*grants]
            if act.document in lack.whole.documents:
                told.documents[act.document] = record
            continue
        _look(world, told, act.by)
        told.answers[act.by.name][number] = act.do(world, told)
        told.made[number] = (told.documents.get(act.document), [*told.grants[act.document]])
        world.settle()
    world.clock.set(START + story.ended)
    for person in (*story.masters, *story.people):
        _look(world, told, person)
    return told


def multipart(name: str, content: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a deposit."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return {"content-type": f"multipart/form-data; boundary={_BOUNDARY}"}, head + content + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _look(world: World, told: Told, person: Person) -> None:
    sight = world.sight(person.name)
    told.read[person.name] |= sight.readable
    told.deposited[person.name] |= sight.deposited


def _master(name: str) -> Person:
    return Person(name, "central", ("archivist",), "TUYET_MAT", ("DENOUNCER_IDENTITY", "PETITION_PII"))


def _content(chance: random.Random, number: int) -> bytes:
    if chance.random() < 0.15:
        return chance.choice(_RAW)
    form, mark = chance.choice(_FORMS)
    body = " ".join([f"riêng{number}", *chance.choices(WORDS, k=12)])
    text = form.format(number=number + 1, day=f"{chance.randrange(10, 29)}", subject=" ".join(chance.sample(WORDS, 2)), body=body, mark=mark)
    return text.encode()


def _deposit(chance: random.Random, by: Person, document: int, content: bytes) -> Act:
    with_batch, key = chance.random() < 0.5, f"khoa-{document}" if chance.random() < 0.5 else None

    def do(world: World, told: Told) -> Reply:
        headers, body = multipart(f"{document}.txt", content)
        query = ""
        if with_batch:
            batch = json.loads(world.ask(by.token, "POST", "batches").body)["batch"]
            told.batches[by.name].append(batch)
            query = f"?batch={batch}"
        if key is not None:
            headers["idempotency-key"] = key
        reply = world.ask(by.token, "POST", f"deposits{query}", headers, body)
        assert reply.status == 201, reply
        given = json.loads(reply.body)
        told.documents[document] = given["record_id"]
        told.receipts[by.name].append(given["receipt_id"])
        return reply

    return Act(by, document, "deposit", do)


def _act(chance: random.Random, masters: tuple[Person, Person], drawn: tuple[Person, ...], document: int) -> Act:
    by, second, to = (chance.choice([person for person in drawn if person.roles]) for _ in range(3))
    level, word = chance.choice(_LEVELS), chance.choice(WORDS)
    kind = chance.choice(("edit", "level", "level", "review", "withdrawal", "grant", "grant", "grant", "revoke", "read"))
    if chance.random() < 0.75:  # else most acts would be denied
        by, second = masters

    def do(world: World, told: Told) -> Reply:
        known = told.documents.get(document)
        record = quote(known or f"chưa có {document}")
        if kind == "edit":
            return world.send(by.token, "PATCH", f"records/{record}", {"set": {"subject": f"về {word}", "tags": word}, "reason": "sửa"})
        if kind == "level":
            confirmed = {"vankho-second": second.token}
            return world.send(by.token, "POST", f"records/{record}/level", {"level": level, "reason": "xét lại"}, confirmed)
        if kind == "review":
            return world.send(by.token, "POST", f"review/{record}", {"level": level, "reason": "xét"})
        if kind == "withdrawal":
            return world.send(by.token, "POST", f"records/{record}/withdrawal", {"reason": "nhầm"})
        if kind == "grant":
            wanted = {"person": to.name, "record": known or "0", "until": "2027-01-01T00:00:00+07:00", "reason": "cần biết"}
            reply = world.send(by.token, "POST", "grants", wanted)
            if reply.status == 201:
                told.grants[document].append(json.loads(reply.body)["grant"])
            return reply
        if kind == "revoke":
            return world.ask(by.token, "DELETE", f"grants/{(told.grants[document] or ['0'])[-1]}")
        world.ask(by.token, "GET", f"search?q={quote(word)}&facets=true")
        return world.ask(by.token, "GET", f"records/{record}/parts/original")

    return Act(by, document, kind, do)
