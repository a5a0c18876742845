"""What the S3 store promises beside what every store does: about servers that are away, strange, full or somebody else's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from blobs import DOCUMENT, LARGE, RECIPIENTS, Kept, files, header_for_one, new_id, payload_of, put, read
from strange_s3 import StrangeS3, answer, break_off, let_be

from storage.errors import (
    BucketMissing,
    BucketVersioned,
    FixityError,
    InvalidInput,
    StoreFull,
    StoreRefused,
    StoreUnreachable,
    TargetExists,
    VankhoError,
)
from storage.failpoints import arm, disarm
from storage.servers import Credential, Server
from storage.vault.blob import Stored
from storage.vault.s3 import S3Store, found_store
from storage.vault.store import BlobStore
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers

DOCS = Path(__file__).parents[3] / "docs" / "write-order.md"
WALLED = Path(__file__).with_name("walled_store.py")
PATIENCE = 30.0
"""Seconds within which a server that does not answer is said to be away."""


@pytest.fixture(autouse=True)
def _always_disarmed() -> Iterator[None]:
    yield
    disarm()


@pytest.fixture
def own_s3(trust: Trust) -> Iterator[S3Server]:
    """A server that a test may kill."""
    with S3Server(trust) as server:
        yield server


def every_act(store: BlobStore) -> list[Callable[[], object]]:
    blob_id = new_id()
    return [
        lambda: put(store),
        lambda: put(store, LARGE),
        lambda: store.read_header(blob_id, 1),
        lambda: store.open(blob_id, b"k" * 16).__enter__(),
        lambda: list(store.export(blob_id, 1)),
        lambda: store.verify(blob_id, 1, b"", b""),
        lambda: store.verify_header(blob_id, 1, b"", 0),
        lambda: store.written_at(blob_id),
        lambda: store.add_header(blob_id, 2, b"h"),
        lambda: store.remove_header(blob_id, 1),
        lambda: store.remove(blob_id),
        lambda: list(store.walk()),
    ]


def assert_each_raises(acts: list[Callable[[], object]], error: type[VankhoError], *unsaid: str) -> None:
    """unsaid: what stands neither in a message nor in a traceback."""
    for number, act in enumerate(acts):
        with pytest.raises(error) as caught:
            act()
        told = "".join([*traceback.format_exception(caught.value), caught.value.detail("vi"), caught.value.detail("en")])
        assert not [text for text in unsaid if text in told], number


# What lies where


def test_nothing_lies_in_clear_and_the_spool_has_no_name(in_bucket: Kept, spool: Path) -> None:
    canary = "Văn bản tối mật canary-7f3a".encode()
    put(in_bucket.store, canary * 10_000)
    with in_bucket.store.draft(new_id(), RECIPIENTS) as draft:
        draft.write(canary * 100_000)
        on_its_way = b"".join(path.read_bytes() for path in descriptors_in(spool))
        assert not [*spool.iterdir()]
        names_and_bytes = b"".join(name.encode() + raw for name, raw in files(in_bucket.root).items())
    assert len(on_its_way) > 90_000 * len(canary)
    assert len(names_and_bytes) > 10_000 * len(canary)
    assert canary not in on_its_way + names_and_bytes
    assert not descriptors_in(spool)


def descriptors_in(folder: Path) -> list[Path]:
    """The descriptors of this process that lead to a file of this folder, with a name or without."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor by which they are listed
            if path.readlink().is_relative_to(folder):
                found.append(path)
    return found


def test_stores_under_different_prefixes_do_not_see_each_other(in_bucket: Kept, s3: S3Server, spool: Path) -> None:
    one, other, longer = (S3Store(s3.server(f"{in_bucket.root.name}/{prefix}"), spool) for prefix in ("a", "b", "ab"))
    stored = put(one)
    assert (list(other.walk()), list(longer.walk())) == ([], [])
    other.remove(stored.id)
    assert read(one, stored.id) == DOCUMENT
    assert {name.split("/")[0] for name in files(in_bucket.root)} == {"a"}


def test_behind_the_walls_it_works_and_before_it_starts_no_thread(s3: S3Server, spool: Path) -> None:
    server = s3.new_bucket()
    assert server.credential is not None
    address = server.text.replace("s3://", f"s3://{server.credential.user}:{server.credential.password}@")
    done = subprocess.run([sys.executable, str(WALLED), address, str(spool)], capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", "kept\n")


def test_variables_of_other_programs_change_nothing(s3: S3Server, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENDPOINT_URL_S3", "ENDPOINT", "SESSION_TOKEN", "ACCESS_KEY_ID", "REGION", "VIRTUAL_HOSTED_STYLE_REQUEST", "SKIP_SIGNATURE"):
        monkeypatch.setenv(f"AWS_{name}", "https://127.0.0.1:9" if "ENDPOINT" in name else "true")
    store = S3Store(s3.new_bucket(), spool)
    assert read(store, put(store).id) == DOCUMENT


def test_an_export_that_does_not_go_on_is_not_taken_for_whole(in_bucket: Kept) -> None:
    stored = put(in_bucket.store, os.urandom(5_000_000))
    exported = in_bucket.store.export(stored.id, 1)
    next(exported)
    os.truncate(payload_of(in_bucket.root, stored.id), 2_000_000)
    with pytest.raises(FixityError):
        list(exported)


# Servers that are away


def test_a_server_that_comes_back_in_time_is_not_noticed(own_s3: S3Server, spool: Path) -> None:
    store = S3Store(own_s3.new_bucket(), spool)
    before = put(store)
    own_s3.kill()
    with ThreadPoolExecutor(2) as pool:
        reading, writing = pool.submit(read, store, before.id), pool.submit(put, store)
        own_s3.start()
        assert reading.result() == DOCUMENT
        assert read(store, writing.result().id) == DOCUMENT


def test_what_does_not_answer_is_said_to_be_away_in_time(own_s3: S3Server, spool: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that was killed, one that takes connections and says nothing, and one whose authority the machine believes, but not we."""
    store = S3Store(own_s3.new_bucket(), spool)
    stored = put(store)
    with socket.create_server(("127.0.0.1", 0)) as silent, S3Server(Trust(tmp_path)) as impostor:
        monkeypatch.setenv("SSL_CERT_FILE", str(impostor.server("x").ca))
        port = silent.getsockname()[1]
        mute = Server("s3", (("127.0.0.1", port),), "b", endpoint=f"http://127.0.0.1:{port}", credential=Credential("key", "secret"))
        foreign = S3Store(replace(impostor.new_bucket(), ca=own_s3.server("x").ca), spool)
        own_s3.kill()
        acts: dict[Callable[[], object], str] = {
            lambda: put(store): "connection refused",
            lambda: read(store, stored.id): "connection refused",
            lambda: put(S3Store(mute, spool)): "no answer in time",
            lambda: put(foreign): "its certificate",
        }
        with ThreadPoolExecutor(4) as pool:
            for why, (error, seconds) in zip(acts.values(), pool.map(refusal, acts), strict=True):
                assert why in str(error)
                assert seconds < PATIENCE
        assert not files(impostor.data)
    own_s3.start()
    assert read(store, stored.id) == DOCUMENT
    assert read(store, put(store).id) == DOCUMENT


def refusal(act: Callable[[], object]) -> tuple[StoreUnreachable, float]:
    """What the act raises, and after how many seconds."""
    began = time.monotonic()
    with pytest.raises(StoreUnreachable) as caught:
        act()
    return caught.value, time.monotonic() - began


def test_killed_again_and_again_it_has_all_that_was_acknowledged(own_s3: S3Server, spool: Path) -> None:
    store = S3Store(own_s3.new_bucket(), spool)
    kept: dict[Stored, bytes] = {}
    put_more, rounds = threading.Event(), 5
    put_more.set()

    def write(number: int) -> int:
        failures = 0
        while put_more.is_set():
            document = os.urandom((10, 900_000, 3_000_000, 20_000_000)[number % 4])
            try:
                kept[put(store, document)] = document
            except StoreUnreachable:
                failures += 1
        return failures

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        try:
            for _ in range(rounds):
                before = len(kept)
                while len(kept) < before + 5 and not any(writer.done() for writer in writers):
                    time.sleep(0.001)
                own_s3.kill()
                own_s3.start()
        finally:
            put_more.clear()
        failures = sum(writer.result() for writer in writers)
    assert len(kept) >= 5 * rounds
    found = {one.id: one for one in store.walk()}
    for stored, document in kept.items():
        assert found[stored.id].is_complete
        store.verify(stored.id, 1, stored.header_sha256, stored.payload_sha256)
        assert read(store, stored.id) == document
    unacknowledged = {*found} - {stored.id for stored in kept}
    assert len(unacknowledged) <= failures
    for blob_id in unacknowledged:
        assert found[blob_id].payload_size is not None, "a header without its payload"
        store.remove(blob_id)
    assert {one.id for one in store.walk()} == {stored.id for stored in kept}


# Servers that refuse


def test_whoever_is_not_let_in_learns_it_and_nothing_of_the_credential(in_bucket: Kept, s3: S3Server, spool: Path) -> None:
    right = s3.server(in_bucket.root.name).credential
    assert right is not None
    for wrong in (Credential(right.user, "a-wrong-secret"), Credential("nobody-known", "a-wrong-secret")):
        store = S3Store(s3.server(in_bucket.root.name, wrong), spool)
        assert_each_raises(every_act(store), StoreRefused, "a-wrong-secret", f"AccessKeyId>{wrong.user}", "StringToSign")
    assert not files(in_bucket.root)


def test_a_bucket_that_is_not_there_is_no_missing_blob(s3: S3Server, spool: Path) -> None:
    assert_each_raises(every_act(S3Store(s3.server("nowhere"), spool)), BucketMissing)
    assert not (s3.data / "nowhere").exists()


def test_what_is_no_answer_of_a_store_is_no_missing_blob(spool: Path) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        for status, body, error in [
            (404, "<html>nginx</html>", StoreRefused),
            (400, "<Error><Code>EntityTooLarge</Code></Error>", StoreRefused),
            (403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", StoreRefused),
            (403, "<Error><Code>QuotaExceeded</Code></Error>", StoreFull),
            (400, "<Error><Code>XMinioAdminBucketQuotaExceeded</Code></Error>", StoreFull),
        ]:
            strange.accidents.append(answer(status, body))
            with pytest.raises(error):
                put(store)
        assert not strange.objects


# Servers with accidents


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(("document", "puts"), [(DOCUMENT, 2), (LARGE, 3)], ids=["small", "large"])
def test_a_put_whose_answer_was_lost_is_known_as_ours(spool: Path, document: bytes, puts: int, reset: bool) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        for _ in range(puts):
            strange.accidents.append(break_off(is_done=True, reset=reset))
        stored = put(store, document)
        assert read(store, stored.id) == document
        assert len(strange.objects) == 2


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_refusal_that_was_lost_is_no_put_of_ours(spool: Path, is_done: bool, reset: bool) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        stored = put(store)
        before = dict(strange.objects)
        strange.accidents.append(break_off(is_done=is_done, reset=reset))
        with pytest.raises(TargetExists):
            put(store, b"another", stored.id)
        assert strange.objects == before


def test_a_put_that_was_not_done_is_not_acknowledged(spool: Path) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        strange.accidents.append(break_off(is_done=False, reset=True))
        with pytest.raises(StoreUnreachable):
            put(store)
        assert not strange.objects
        assert read(store, put(store).id) == DOCUMENT


def test_an_upload_that_was_confirmed_and_lost_is_sent_again(spool: Path) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        strange.accidents += [let_be, answer(200, ""), answer(200, "")]
        assert read(store, put(store, LARGE).id) == LARGE
        assert not strange.accidents


@pytest.mark.parametrize(
    ("document", "lost"),
    [(DOCUMENT, 0), (DOCUMENT, 1), (LARGE, 0), (LARGE, 1)],
    ids=["payload", "header", "claim", "payload in the place of its claim"],
)
def test_what_was_confirmed_and_is_not_there_is_not_acknowledged(spool: Path, document: bytes, lost: int) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        strange.accidents += [let_be] * lost + [answer(200, "")] * 3
        with pytest.raises(StoreUnreachable, match="does not hold"):
            put(store, document)
        assert not [found for found in store.walk() if found.is_complete]


def test_a_server_that_is_busy_for_a_moment_is_asked_again(spool: Path) -> None:
    with StrangeS3() as strange:
        strange.accidents.extend([answer(503, "<Error><Code>SlowDown</Code></Error>")] * 3)
        store = S3Store(strange.server, spool)
        assert read(store, put(store).id) == DOCUMENT


@pytest.mark.parametrize("part", ["payloads/", "headers/"])
@pytest.mark.parametrize("document", [DOCUMENT, LARGE], ids=["small", "large"])
def test_what_comes_back_otherwise_is_not_acknowledged(spool: Path, part: str, document: bytes) -> None:
    with StrangeS3(garbles=part) as strange, pytest.raises(FixityError):
        put(S3Store(strange.server, spool), document)
    assert not strange.objects


def test_a_header_that_comes_back_otherwise_is_not_acknowledged(spool: Path) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        stored = put(store)
        strange.garbles = "headers/"
        with pytest.raises(FixityError):
            store.add_header(stored.id, 2, header_for_one(store, stored))
        assert len(strange.objects) == 2


# What a store needs


def test_a_bucket_that_keeps_versions_keeps_nothing_of_ours(spool: Path) -> None:
    with StrangeS3() as strange:
        store = S3Store(strange.server, spool)
        stored = put(store)
        header = header_for_one(store, stored)
        before = dict(strange.objects)
        strange.versions = True
        for act in (lambda: put(store), lambda: put(store, LARGE), lambda: store.add_header(stored.id, 2, header)):
            with pytest.raises(BucketVersioned):
                act()
            assert strange.objects == before


def test_a_store_is_founded_in_an_empty_place_and_leaves_no_trace_there(s3: S3Server, spool: Path) -> None:
    bucket = s3.new_bucket()
    found_store(bucket)
    assert not files(s3.data / bucket.path)
    put(S3Store(bucket, spool))
    with pytest.raises(InvalidInput, match="already"):
        found_store(bucket)
    found_store(s3.server(f"{bucket.path}/beside"))
    with pytest.raises(BucketMissing):
        found_store(s3.server("nowhere"))


def test_a_server_that_cannot_keep_an_archive_gets_none() -> None:
    with StrangeS3(overwrites=True) as strange, pytest.raises(InvalidInput, match="If-None-Match"):
        found_store(strange.server)
    assert not strange.objects
    with StrangeS3(keeps=True) as strange, pytest.raises(InvalidInput, match="deleted"):
        found_store(strange.server)
    with StrangeS3(versions=True) as strange, pytest.raises(BucketVersioned):
        found_store(strange.server)
    with StrangeS3() as strange:
        found_store(strange.server)
    assert not strange.objects


# The write order


def points_of(act: Callable[[], object]) -> list[str]:
    arm("count")
    act()
    return list(dict.fromkeys(disarm()))


def test_the_documented_steps_are_the_steps_taken(in_bucket: Kept) -> None:
    text, store = DOCS.read_text(), in_bucket.store
    small = points_of(lambda: put(store))
    large = points_of(lambda: put(store, LARGE))
    stored = put(store)
    header = header_for_one(store, stored)
    others = [
        *points_of(lambda: store.add_header(stored.id, 2, header)),
        *points_of(lambda: store.remove_header(stored.id, 1)),
        *points_of(lambda: store.remove(stored.id)),
    ]
    for name in (*large, *others):
        assert f"`{name}`" in text, name
    assert [name for name in large if name in small] == small
    places = [text.index(f"`{name}`") for name in large]
    assert len(places) == 8
    assert places == sorted(places)
    assert len(others) == 6
