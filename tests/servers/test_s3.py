"""The S3 server of the tests: believed by its authority only, closed to strangers, honest about conditions, and durable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError
from obstore.store import S3Store

from storage.servers import Credential, Server
from tests.servers.s3 import S3Server
from tests.servers.trust import Trust

pytestmark = pytest.mark.servers


def store_of(server: Server) -> S3Store:
    assert server.credential is not None and server.ca is not None
    return S3Store(
        server.path,
        endpoint=server.endpoint,
        region=server.region,
        access_key_id=server.credential.user,
        secret_access_key=server.credential.password,
        virtual_hosted_style_request=False,
        client_options={"root_certificate": server.ca.read_text("ascii")},
        retry_config={"max_retries": 0},
    )


def test_another_authority_is_not_believed(s3: S3Server, tmp_path: Path) -> None:
    server = replace(s3.new_bucket(), ca=Trust(tmp_path).ca)
    with pytest.raises(BaseError, match="InvalidCertificate"):
        store_of(server).put("name", b"bytes")


def test_a_wrong_secret_is_refused(s3: S3Server) -> None:
    bucket = s3.new_bucket()
    assert bucket.credential is not None
    with pytest.raises(PermissionDeniedError):
        store_of(bucket.with_credential(Credential(bucket.credential.user, "guessed"))).put("name", b"bytes")


def test_the_second_of_two_who_make_the_same_object_is_told(s3: S3Server) -> None:
    store = store_of(s3.new_bucket())
    store.put("name", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        store.put("name", b"second", mode="create")
    assert bytes(store.get("name").bytes()) == b"first"


def test_what_it_acknowledged_is_there_after_kill_and_restart(s3: S3Server) -> None:
    store = store_of(s3.new_bucket())
    store.put("folder/name", b"bytes", mode="create")
    s3.kill()
    s3.start()
    assert bytes(store.get("folder/name").bytes()) == b"bytes"
