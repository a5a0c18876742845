"""Acts on records where the catalog is PostgreSQL, whose accounts of api and worker see no clear word of a closed record."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.instances import Instance
from tests.search_api.papers import notice, secret
from tests.servers.postgresql import PostgresServer, connection_string

pytestmark = pytest.mark.servers


def test_a_record_is_read_again_and_of_one_that_is_closed_no_clear_row_is_left(postgresql: PostgresServer, tmp_path: Path) -> None:
    server = postgresql.new_database()
    assert server.credential is not None
    account = f"{server.credential.user}:{server.credential.password}"
    made = Instance(tmp_path)
    made.run(
        "init", "--catalog", f"postgresql://{account}@127.0.0.1:{postgresql.port}/{server.path}?ca={server.ca}", "--recovery-out", made.recovery
    )
    records = []
    for name, text in (("mở.txt", notice(7, "lịch trực", "hoa sữa")), ("mật.txt", secret(8, "kho tàng", "sông đà"))):
        (tmp_path / name).write_text(text, "utf-8")
        (row, _) = made.json("ingest", tmp_path / name)
        records.append(str(row["record_id"]))
        (done,) = made.json("reread", records[-1])
        assert done["reread"] is True
    assert clear_rows(postgresql, server.path) == 1
    made.run("reclassify", records[0], "--level", "MAT", "--reason", "thử")
    assert clear_rows(postgresql, server.path) == 0


def clear_rows(postgresql: PostgresServer, database: str) -> int:
    """Descriptions in clear, as the database's own administrator counts them."""
    with psycopg.connect(connection_string(postgresql.server(database))) as connection:
        found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'open_description'").fetchone()
        assert found is not None
        return len(connection.execute(sql.SQL("SELECT record_id FROM {}.open_description").format(sql.Identifier(found[0]))).fetchall())
