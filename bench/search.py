"""Time to an answer over 110,136 generated records of 63 offices, beside a bare Elasticsearch request; and bulk indexing beside bare bulk.

    python -m bench.search [--records N] [--queries N] [--embedded]

Ours: `GET search` of a served instance over one kept HTTP connection, with sign-in by key, the rules, the committed audit row and the page of 20;
asked by a reader of one office and by one of all 63. Bare, by the elasticsearch client's transport, over the same indexes, with as many hits and the
exact total: a plain request, in which each word must occur (`multi_match` over description and text); and the one that gives the same page, hit by
hit, which is the ranking that is promised. They take their turns query by query. Snippets and facets are measured beside. The index is an
Elasticsearch started for this, one node; with --embedded the same questions go to the embedded index, for which there is no bare request.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from bench.records import OFFICES, TOTAL, queries, records
from bench.served import Served, found, serving
from storage.catalog.offices import Office, add_office
from storage.catalog.states import OfficeKind
from storage.clock import SystemClock
from storage.engines import open_index_of
from storage.home import Home
from storage.ids import RandomIds
from storage.index.analysis import written
from storage.index.elastic.cluster import WRITING, Cluster, Query
from storage.index.elastic.documents import HEAD, TEXT, document, index_body, shortened
from storage.index.elastic.names import Names
from storage.index.elastic.source import ElasticSource
from storage.index.open_index import Change, OpenIndex
from storage.index.query import parse_query
from storage.index.question import Question
from storage.servers import Server
from storage.settings import read_settings
from storage.vault.credentials import of_role
from storage.vault.keeper.keeper import open_keeper
from storage.vault.keeper.opening import partition
from storage.vault.kek import FileKek
from storage.vault.keyring import KeyKind, Keyring
from storage.walls.memory import LockedPages
from tests.servers.addresses import address
from tests.servers.elasticsearch import ElasticsearchCluster
from tests.servers.trust import Trust

SEARCH_TARGET, BULK_TARGET = 1.5, 0.5
BULK = 2000
"""Changes at a time."""

FIRST = 20_000
"""Records whose rate is told by itself: as indexes grow, merging takes more of the time."""

PLAIN, RANKED = "plain request", "request of this ranking"
MANY = [f"bare-{place}" for place in range(len(OFFICES))]

T = TypeVar("T")


class Rates(NamedTuple):
    """Records a second: of the first `FIRST`, and of all."""

    first: float
    all: float


def prepared(made: Served) -> OpenIndex:
    """Add the offices and their partitions; returns the open index, to be written as the worker does."""
    home = Home(made.base / "home")
    settings, memory = read_settings(home), LockedPages()
    os.environ["XDG_CONFIG_HOME"] = str(made.base / "config")
    keyring = Keyring(home.keys, settings.instance, FileKek(home.kek(settings.instance), memory), memory)
    keeper = open_keeper(home, settings, keyring, RandomIds(), SystemClock())
    with keeper.catalog.write() as connection:
        for office in OFFICES:
            parent, highest = settings.office, settings.network_class.highest_level
            add_office(connection, Office(office, office, OfficeKind.OTHER, type(office)(parent), highest, keeper.clock.now()))
    for office in OFFICES:
        partition(keeper, {"office": office, "level": None, "compartments": ""})
    keeper.catalog.close()
    key = bytes(keyring.secret(KeyKind.OPEN_INDEX, "1"))
    return open_index_of(home, settings, key, of_role(keeper.credentials, "worker"))


def changes(total: int) -> Iterator[Change]:
    """The records as changes, in the order in which they came."""
    for number, entry in enumerate(records(total), start=1):
        yield Change(entry.office, entry.record_id, number, entry)


def clocked(coming: Iterator[T], send: Callable[[list[T]], None]) -> Rates:
    """Send all, `BULK` at a time, which are made while no clock runs."""
    sent, seconds, first, rate = 0, 0.0, 0.0, 0.0
    while batch := list(itertools.islice(coming, BULK)):
        started = time.perf_counter()
        send(batch)
        seconds += time.perf_counter() - started
        sent += len(batch)
        rate = sent / seconds
        first = rate if sent <= FIRST else first
    return Rates(first, rate)


def filled(index: OpenIndex, total: int) -> Rates:
    """Write all records, as the worker does."""

    def send(batch: list[Change]) -> None:
        if refused := index.apply(batch).refused:
            raise SystemExit(f"refused: {refused[0].why}")

    return clocked(changes(total), send)


def made_ready(index: OpenIndex) -> float:
    """Have the index of every office made; returns the seconds that took."""
    started = time.perf_counter()
    first = {change.office: change for change in changes(10 * len(OFFICES))}
    index.apply(list(first.values()))
    return time.perf_counter() - started


def bare_bulk(cluster: Cluster, total: int, indexes: Sequence[str]) -> Rates:
    """The same documents, ready to be sent, in plain bulk requests into these indexes in turn."""
    for index in indexes:
        cluster.ask("PUT", f"/{index}", index_body([]))
    head = '{{"index":{{"_index":"{}","_id":"{}"}}}}\n{}\n'.format
    ready = (json.dumps(document(change.entry), ensure_ascii=False) for change in changes(total) if change.entry is not None)
    lines = (head(indexes[number % len(indexes)], number, body).encode() for number, body in enumerate(ready))

    def send(batch: list[bytes]) -> None:
        cluster.ask("POST", "/_bulk", batch, patience=WRITING, refresh="true")

    rates = clocked(lines, send)
    for index in indexes:
        cluster.ask("DELETE", f"/{index}")
    return rates


class Asking:
    """One reader, over a connection that is kept."""

    def __init__(self, served: Served, name: str, **options: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
        self._headers, self._options = {"Authorization": f"Bearer {served.token(name)}"}, options

    def __call__(self, text: str) -> int:
        """Ask, and read the answer; returns the total."""
        self._connection.request("GET", f"/api/v1/search?{urlencode({'q': text, **self._options}, quote_via=quote)}", headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"search refused: {content.decode()}")
        return int(json.loads(content)["total"])


class Bare:
    """A request for the same words and as many hits, and the exact total, asked of Elasticsearch alone."""

    def __init__(self, cluster: Cluster, names: Names, offices: Sequence[str], request: Callable[[str], Query]) -> None:
        self._cluster, self._indexes = cluster, [names.answering(type(OFFICES[0])(office)) for office in offices]
        self._request = request

    def __call__(self, text: str) -> int:
        """Ask, and read the answer; returns the total."""
        answer = self._cluster.search(self._indexes, self._request(text), "bench")
        assert isinstance(answer, dict)
        return int(answer["hits"]["total"]["value"])


def plain(text: str) -> Query:
    """Each word must occur."""
    words: list[Query] = [{"multi_match": {"query": shortened(word), "fields": [HEAD, TEXT]}} for word in written(text).folded]
    return {"query": {"bool": {"must": words}}, "size": 20, "track_total_hits": True}


def of_ranking(source: ElasticSource, text: str) -> Query:
    """What gives the same page as ours, hit by hit."""
    return source.request(Question(parse_query(text), limit=20))


def timed(asks: dict[str, Callable[[str], int]], texts: list[str]) -> dict[str, list[float]]:
    """Milliseconds of each asker, who take turns at every question."""
    times: dict[str, list[float]] = {name: [] for name in asks}
    for text in texts:
        for name, ask in asks.items():
            started = time.perf_counter()
            ask(text)
            times[name].append(1000 * (time.perf_counter() - started))
    return times


def require_equal(asks: dict[str, Callable[[str], int]], texts: list[str]) -> None:
    """See that all find the same, and warm them up. Where no record has every word, a search gives those with most of them."""
    for text in texts:
        totals = [ask(text) for ask in asks.values()]
        if min(totals) and len(set(totals)) > 1:
            raise SystemExit(f"not the same question: {text!r} finds {totals}")


def report(title: str, times: dict[str, list[float]], references: Sequence[str]) -> None:
    """p50 and p95 of each, and beside each reference their ratios."""
    print(title)
    of = {name: (statistics.median(values), statistics.quantiles(values, n=20)[18]) for name, values in times.items()}
    for name, (middle, high) in of.items():
        ratios = "".join(f", to the {one} {middle / of[one][0]:.2f} and {high / of[one][1]:.2f}" for one in references if name not in references)
        print(f"  {name:<28} p50 {middle:7.1f} ms, p95 {high:7.1f} ms{ratios}", flush=True)


def compared(made: Served, count: int, cluster: Cluster | None) -> None:
    """Serve the instance and ask it all questions."""
    texts = queries(count)
    for name, office in (("one", OFFICES[0]), ("all", "central")):
        rights = ("--role", "archivist", "--clearance", "NON_CONFIDENTIAL")
        made.run("user", "add", name, "--office", office, *rights, "--key-out", made.base / f"{name}.key")
    names = Names(read_settings(Home(made.base / "home")).instance)
    with serving(made) as served:
        for name, offices in (("one", OFFICES[:1]), ("all", OFFICES)):
            asks: dict[str, Callable[[str], int]] = {"search": Asking(served, name)}
            if cluster is not None:
                ranked = partial(of_ranking, ElasticSource(cluster, names, {}))
                asks = {PLAIN: Bare(cluster, names, offices, plain), RANKED: Bare(cluster, names, offices, ranked), **asks}
            asks |= {"with snippets": Asking(served, name, snippets="true"), "with facets": Asking(served, name, facets="true")}
            require_equal(asks, texts[:20])
            report(f"a reader of {name}, {count} questions (target {SEARCH_TARGET})", timed(asks, texts), (PLAIN, RANKED) if cluster else ())


def main() -> None:
    """Fill, ask, print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--records", type=int, default=TOTAL)
    asked.add_argument("--queries", type=int, default=200)
    asked.add_argument("--embedded", action="store_true")
    options = asked.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster: Cluster | None = None
        if not options.embedded:
            server: Server = stack.enter_context(ElasticsearchCluster(Trust(base), java=("-Xms2g", "-Xmx2g"))).server()
            os.environ["VANKHO_INDEX"] = address(server)
            cluster = Cluster(server)
        made = found(base)
        index = prepared(made)
        seconds = made_ready(index)
        if cluster is not None:
            bare_bulk(cluster, FIRST, MANY)  # the server is warm before anything counts
            bare = {"as many indexes": bare_bulk(cluster, options.records, MANY)}
        ours = filled(index, options.records)
        print(f"{len(OFFICES)} indexes made in {seconds:.1f} s; records a second, the first {FIRST} and all {options.records}")
        print(f"  bulk indexing {ours.first:.0f}, {ours.all:.0f} (target {BULK_TARGET} of bare bulk into as many)", flush=True)
        if cluster is not None:
            bare["one index"] = bare_bulk(cluster, options.records, MANY[:1])
            for into, rates in bare.items():
                print(
                    f"  bare bulk into {into} {rates.first:.0f}, {rates.all:.0f}: ratios {ours.first / rates.first:.2f}, {ours.all / rates.all:.2f}",
                    flush=True,
                )
        index.close()
        compared(made, options.queries, cluster)


if __name__ == "__main__":
    main()
