"""`search`, `status`, `check`, `classify`, `read`, `debug dump`: what is asked of the whole instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.instances import Instance
from tests.search_api.papers import notice, secret

pytestmark = pytest.mark.servers

HIT = {
    "record_id", "ref_code", "doc_type", "doc_type_label", "issuer", "date", "subject", "level", "level_label", "confidential", "office",
    "page_count", "snippets",
}
CLASSIFIED = {"id", "level", "proposed_level", "confidential", "review", "score", "profile", "model", "reasons", "fields"}


@pytest.fixture(scope="module")
def filled(served: Instance) -> Instance:
    """An instance with three open records, one in review that would command a terminal, and a closed one. No test puts in more: all count."""
    folder = served.base / "in"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"{number}.txt").write_text(notice(number, f"lịch nghỉ lễ {number}", f"hóa đơn số {number}"), "utf-8")
    (folder / "s.txt").write_text(secret(9, "lịch trực ban"), "utf-8")
    (folder / "t.txt").write_text(notice(70, "tên \x1b]0;tệp\x07 lạ\u202e"), "utf-8")
    assert served.json("ingest", folder)[-1]["stored"] == 5
    served.run("user", "add", "lan", "--office", "central", "--role", "archivist", "--key-out", served.base / "lan.key")
    return served


def test_an_answer_has_its_shape_and_no_scores(filled: Instance) -> None:
    (found,) = filled.json("search", "lich", "--facets", "--snippets")
    assert found["total"] == 4 and set(found) == {"total", "hits", "facets", "next", "relaxed"}
    assert all(set(hit) == HIT for hit in found["hits"])
    assert {"NOTICE", "REPORT"} == {value["value"] for value in found["facets"]["doc_type"]}
    assert "lịch nghỉ lễ 1" in filled.run("search", "hóa đơn 1", "--snippets").stdout


def test_pages_follow_one_another_and_filters_narrow(filled: Instance) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        (page,) = filled.json("search", "", "--limit", "2", "--sort", "date", *cursor)
        seen += [hit["record_id"] for hit in page["hits"]]
        if page["next"] is None:
            break
        cursor = ["--cursor", str(page["next"])]
    assert len(seen) == len(set(seen)) == 5
    assert filled.json("search", "", "--filter", "doc_type=NOTICE")[0]["total"] == 4
    assert filled.json("search", "", "--filter", "doc_type=NOTICE", "--filter", "doc_type=REPORT")[0]["total"] == 5
    assert filled.json("search", "", key=filled.base / "lan.key")[0]["total"] == 3
    filled.run("search", "", "--limit", "many", exit_code=2)
    filled.run("search", "", "--filter", "nonsense", exit_code=2)
    filled.run("search", "", "--cursor", "nonsense", exit_code=2)


def test_status_is_whole_for_those_who_look_after_it(filled: Instance) -> None:
    (whole,), (name,) = filled.json("status"), filled.json("status", key=filled.base / "lan.key")
    assert set(name) == {"instance", "office", "network_class"}
    assert set(whole) - set(name) >= {"engines", "queue", "index_lag_s", "keeper", "log", "disk_free", "claims", "warnings"}


def test_check_exits_with_6_and_names_what_is_missing(filled: Instance, tmp_path: Path) -> None:
    assert filled.json("check", "--read-data")[0]["ok"] is True
    victim = next(path for path in (filled.home / "store").rglob("*") if path.is_file() and "payloads" in str(path))
    victim.rename(tmp_path / "away")
    (found,) = filled.json("check", exit_code=6)
    assert [finding["kind"] for finding in found["findings"]] == ["BLOB_MISSING"]
    (tmp_path / "away").rename(victim)
    filled.run("check")
    filled.run("check", key=filled.base / "lan.key", exit_code=8)


def test_trying_gives_a_decision_or_a_reading_and_keeps_nothing(filled: Instance, tmp_path: Path) -> None:
    paper = tmp_path / "thử.txt"
    paper.write_text(secret(50, "cáo bạc", mark="TỐI MẬT"), "utf-8")
    (decided,) = filled.json("classify", paper)
    assert set(decided) >= CLASSIFIED and (decided["level"], decided["confidential"]) == ("TOI_MAT", True)
    (found,) = filled.json("read", paper)
    assert set(found) >= {"media_type", "pages", "active", "warnings"}
    assert "cáo bạc" in found["pages"][0]["text"] and set(found["pages"][0]) >= {"number", "text", "source", "confidence", "width", "height"}
    assert filled.json("search", "cáo bạc")[0]["total"] == 0
    filled.run("classify", exit_code=2)
    filled.run("classify", tmp_path / "gone", exit_code=2)


def test_lines_of_texts_are_classified_one_by_one(filled: Instance, tmp_path: Path) -> None:
    lines = [{"id": f"t{number}", "title": "", "body": notice(number, "x") if number % 2 else secret(number, "x")} for number in range(1, 5)]
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    decided = filled.json("classify", "--jsonl", texts)
    assert [(line["id"], line["level"]) for line in decided] == [
        ("t1", "NON_CONFIDENTIAL"),
        ("t2", "MAT"),
        ("t3", "NON_CONFIDENTIAL"),
        ("t4", "MAT"),
    ]
    texts.write_text("no JSON\n")
    assert "error" in filled.json("classify", "--jsonl", texts, exit_code=2)[0]


def test_the_dump_shows_open_words_and_no_closed_ones(filled: Instance) -> None:
    dump = filled.run("debug", "dump").stdout
    assert "lịch nghỉ lễ 1" in dump and "lịch trực ban" not in dump and "trực ban" not in dump
    filled.run("debug", "dump", key=filled.base / "lan.key", exit_code=8)


def test_a_terminal_is_not_commanded_by_what_a_document_says(filled: Instance) -> None:
    (hit,) = filled.json("search", "lạ")[0]["hits"]
    told = filled.run("show", hit["record_id"]).stdout + filled.run("search", "lạ").stdout
    assert "\x1b" not in told and "\u202e" not in told and "\x07" not in told
