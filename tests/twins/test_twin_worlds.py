"""Twin worlds: whatever somebody may neither read nor deposited moves no byte of any answer to her.

World 2 lacks each record that she may not read and did not deposit, at the end and at each of her acts, with all work, audit rows and facts about
it. Then every route is asked in both: status, body and headers but `Date` are equal; and what is hidden is answered as what never was. Ids are a
function of one seed and the clock is the test's. What differs by chance, not by what is hidden, is compared by what it stands for: the salt under a
receipt's promise, and the file key of an age file, which is opened with the recovery identity.

Excepted are the audit routes for auditors (the checkpoint for administrators too) and the whole `status` for both: their status code is compared.
Channels that are declared in docs/threat-model.md, and no others, are kept out by how the worlds are driven: series numbers of a register that one
may see (there are none here), disk full (507) and load, rate limits, the delay between deposit and search (worker, indexes and log settle after
each act), and that indexes are merged before they are asked (the order inside a tier on Elasticsearch: `places`).

All of it twice: with every part embedded, and with PostgreSQL, Elasticsearch and S3 together.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from storage.vault.age import open_file
from tests.twins.asgi import Reply
from tests.twins.asking import CASES, GHOST, PAGES, Ask, View, questions
from tests.twins.story import KINDS, Lack, Person, Story, Told, draw, people, tell
from tests.twins.world import START, Twins, World

_SEEDS, _EACH, _ASKED = 4, 5, 40
_LONG_SEEDS = 20

pytestmark = [pytest.mark.servers, pytest.mark.timeout(1200)]


@dataclass(frozen=True)
class Shared:
    """A story that was told in a world of which copies can be made."""

    story: Story
    told: Told


def told_world(twins: Twins, seed: int) -> Shared:
    """Tell the story of a seed: `people-N` is the world before it, `told-N` after."""
    story = draw(seed)
    with twins.world("home", f"people-{seed}") as world:
        people(world, story)
        world.settle()
    with twins.world(f"people-{seed}", f"told-{seed}") as world:
        told = tell(world, story)
        world.merge()
    return Shared(story, told)


def view_of(world: World, shared: Shared, person: Person) -> View:
    """What a person can ask about in a world whose story is told."""
    told, sight = shared.told, world.sight(person.name)
    hidden = sight.every - told.read[person.name] - told.deposited[person.name]
    everyone = (*shared.story.masters, *shared.story.people)
    others = [one.name for one in everyone if one != person]
    hidden_documents = told.named(hidden)
    return View(
        person=person,
        visible=tuple(sorted(sight.readable)),
        deposited=tuple(sorted(sight.deposited - sight.readable)),
        hidden=tuple(sorted(hidden)),
        receipts=tuple(told.receipts[person.name]),
        batches=tuple(told.batches[person.name]),
        other_receipts=tuple(receipt for name in others for receipt in told.receipts[name]),
        other_batches=tuple(batch for name in others for batch in told.batches[name]),
        grants=tuple(grant for number, grants in told.grants.items() if number not in hidden_documents for grant in grants),
        hidden_grants=tuple(grant for number in hidden_documents for grant in told.grants[number]),
        names=tuple(one.name for one in everyone if one != person),
    )


def differences(
    twins: Twins, shared: Shared, person: Person, asked: Callable[[View], Iterable[Ask]], extra: frozenset[str] = frozenset()
) -> list[str]:
    """Where the two worlds answer differently. extra: records that world 2 is without beside those that are hidden from her."""
    story, told = shared.story, shared.told
    with twins.world(f"told-{story.seed}", "one") as one, twins.world(f"people-{story.seed}", "two") as two:
        one.clock.set(START + story.ended)
        view = view_of(one, shared, person)
        only_hers = told.named(told.deposited[person.name] - told.read[person.name])
        also = tell(two, story, Lack(told.named({*view.hidden, *extra}), only_hers, person, told))
        two.merge()
        first, second = told.answers[person.name], also.answers[person.name]
        found = [f"her act {number}: {first[number]} != {second.get(number)}" for number in first if first[number] != second.get(number)]
        has_changed = False
        for number, ask in enumerate(asked(view), 1):
            for world in (one, two):
                world.clock.set(START + story.ended + timedelta(seconds=number))
                if has_changed and not ask.changes:
                    world.merge()
            has_changed = ask.changes
            found += _compare(twins, one, two, person, ask)
    twins.drop("one", "two")
    return found


def _compare(twins: Twins, one: World, two: World, person: Person, ask: Ask) -> Iterator[str]:
    first, second = (_asked(twins, world, person, ask) for world in (one, two))
    if first.status >= 500:
        yield f"{_named(ask)}: a fault: {_shown(first)}"
    if first != second:
        yield f"{_named(ask)}: {_shown(first)} != {_shown(second)}"
    if ask.swap is not None:
        ghost = _asked(twins, one, person, ask.ghost())
        if replace(first, body=first.body.replace(ask.swap.encode(), GHOST.encode())) != ghost:
            yield f"{_named(ask)}: unlike what never was: {_shown(first)} != {_shown(ghost)}"
    if ask.pages and first.status == 200 and (following := json.loads(first.body)["next"]) is not None:
        yield from _compare(twins, one, two, person, replace(ask, target=f"{ask.target.split('&cursor=')[0]}&cursor={following}"))


def _asked(twins: Twins, world: World, person: Person, ask: Ask) -> Reply:
    reply = world.ask(person.token, ask.method, ask.target, ask.headers, ask.body)
    if ask.changes:
        world.settle()
    if ask.excepted:
        return Reply(reply.status, (), b"")
    if "format=age" in ask.target and reply.status == 200:
        return replace(reply, body=b"".join(open_file(io.BytesIO(reply.body), twins.recovery)))
    if ask.target.startswith("receipts/") and reply.status == 200 and (told := json.loads(reply.body))["promise"] is not None:
        told["promise"] = len(told["promise"])
        return replace(reply, body=json.dumps(told).encode())
    return reply


def _named(ask: Ask) -> str:
    return f"{ask.method} {ask.target} {dict(ask.headers)} {ask.body[:200]!r}"


def _shown(reply: Reply) -> str:
    return f"{reply.status} {reply.headers} {reply.body.decode('utf-8', 'replace')[:1500]}"


def test_every_route_has_its_questions(twins: Twins) -> None:
    with twins.world("home", "routes") as world:
        routes = [route for route in iter_route_contexts(world.app.routes) if isinstance(route.original_route, APIRoute)]
        declared = {(method, route.path) for route in routes for method in route.methods or ()}
    assert declared == {(method, f"/api/v1{path}") for method, path in CASES} | {*PAGES}


_FOREIGN: dict[str, str] = {"cookie": "vankho_session=x; __Host-vankho_session=x", "origin": "https://elsewhere.example"}


_SEEN = {
    "401 VK-KEY-UNKNOWN", "401 VK-SESSION-ENDED", "401 VK-SIGN-IN", "403 VK-CROSS-SITE", "403 VK-NOT-ALLOWED", "404 VK-NOT-FOUND",
    "409 VK-NAME-TAKEN", "416 VK-RANGE", "422 VK-INVALID", "422 VK-PASSWORD", "428 VK-SECOND-PERSON",
}  # fmt: skip
"""What is among the answers, so that the test is known to see refusals of many kinds."""


@pytest.mark.parametrize("twins", ["embedded"], indirect=True)
def test_every_refusal_is_described_for_its_route(twins: Twins) -> None:
    """Whatever is asked here of any route, by people, a source and nobody: the document of the API has the status and code of each answer."""
    shared = told_world(twins, _SEEDS)
    undescribed, seen = set[str](), set[str]()
    for number, person in enumerate((shared.story.masters[0], *shared.story.people[4:6])):
        with twins.world(f"told-{_SEEDS}", "one") as world:
            at = START + shared.story.ended
            world.clock.set(at)
            document, view = world.app.openapi(), view_of(world, shared, person)
            asked = [(route, ask, person.token) for route, case in CASES.items() for ask in case(view)]
            if not number:
                firsts = [(route, next(iter(case(view)))) for route, case in CASES.items()]
                asked += [(route, replace(ask, headers={**ask.headers, **more}), None) for route, ask in firsts for more in ({}, _FOREIGN)]
            for (method, path), ask, token in sorted(asked, key=lambda one: (one[1].changes, "withdrawal" in one[1].target)):
                world.clock.set(at := at + timedelta(seconds=1))
                reply = world.ask(token, ask.method, ask.target, ask.headers, ask.body)
                if reply.status >= 400:
                    told = f"{reply.status} {json.loads(reply.body)['code']}"
                    seen.add(told)
                    if not _is_described(document["paths"][f"/api/v1{path.replace(':path', '')}"][method.lower()], reply):
                        undescribed.add(f"{method} {path}: {told}")
        twins.drop("one")
    twins.drop(f"people-{_SEEDS}", f"told-{_SEEDS}")
    assert undescribed == set()
    assert seen >= _SEEN


def _is_described(operation: dict[str, dict[str, dict[str, dict[str, dict[str, object]]]]], reply: Reply) -> bool:
    """Whether a route's operation in the document has an answer's status, type of content and code."""
    answers = operation["responses"].get(str(reply.status), {"content": {}})["content"]
    form = answers.get(dict(reply.headers)["content-type"], {"schema": {"allOf": []}})["schema"]["allOf"]
    return any(json.loads(reply.body)["code"] in one["properties"]["code"]["enum"] for one in form if "properties" in one)  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_what_is_hidden_moves_no_answer(twins: Twins, seed: int) -> None:
    shared = told_world(twins, seed)
    for number in range(_EACH):
        person = shared.story.people[(seed * _EACH + number) % len(KINDS)]
        assert differences(twins, shared, person, lambda view: questions(view, seed, _ASKED)) == [], f"seed {seed}: {person}"
    twins.drop(f"people-{seed}", f"told-{seed}")


def test_a_record_that_she_may_read_is_missed(twins: Twins) -> None:
    """The comparison can fail: a record that is not hidden from her is missed by each route that tells of it, and is unlike what never was."""
    seed = _SEEDS
    shared = told_world(twins, seed)
    reader = shared.story.masters[0]
    with twins.world(f"told-{seed}", "one") as world:
        world.clock.set(START + shared.story.ended)
        sight = world.sight(reader.name)
    twins.drop("one")
    missed = min(sight.readable - sight.deposited)
    edit = json.dumps({"set": {"subject": "đê điều"}, "reason": "sửa"}).encode()
    grant = json.dumps({"person": reader.name, "record": missed, "until": "2027-02-01T00:00:00Z", "reason": "cần biết"}).encode()
    asks = [
        Ask("GET", "search"),
        Ask("GET", "search?limit=1", pages=True),
        Ask("GET", f"records/{missed}", swap=missed),
        Ask("GET", f"records/{missed}/parts/original?format=age"),
        Ask("POST", "grants", {"content-type": "application/json"}, grant, changes=True),
        Ask("PATCH", f"records/{missed}", {"content-type": "application/json"}, edit, changes=True),
    ]
    found = differences(twins, shared, reader, lambda view: asks, frozenset({missed}))
    assert [ask.target for ask in asks if not any(difference.startswith(f"{ask.method} {ask.target} ") for difference in found)] == []
    assert any(f"GET records/{missed} {{}} b'': unlike what never was" in difference for difference in found)
    twins.drop(f"people-{seed}", f"told-{seed}")


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("seed", range(_SEEDS, _SEEDS + _LONG_SEEDS))
def test_what_is_hidden_moves_no_answer_of_any_question(twins: Twins, seed: int) -> None:
    shared = told_world(twins, seed)
    for person in shared.story.people:
        assert differences(twins, shared, person, lambda view: questions(view, seed, None)) == [], f"seed {seed}: {person}"
    twins.drop(f"people-{seed}", f"told-{seed}")
