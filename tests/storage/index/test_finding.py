"""What every engine finds, in which order, in open and in closed partitions."""

from __future__ import annotations

import unicodedata
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from classification.levels import Level
from storage.catalog.names import OfficeId
from storage.ids import RecordId
from storage.index.entry import FacetField, FacetValue
from storage.index.filters import During, Is
from storage.index.merge import Answer
from storage.index.question import Sort, Source
from tests.storage.index.index_world import ARCHIVE, Embedded, Engine, Partition, entry, found, search


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mo rong nop thue dien tu doi voi ca nhan kinh doanh", ["tax"]),
        ("mở rộng nộp thuế điện tử", ["tax"]),
        (unicodedata.normalize("NFD", "mở rộng nộp thuế điện tử"), ["tax"]),
        ("nop thue", ["tax"]),
        ("thue", ["tax", "report"]),
        ('"nop thue dien tu"', ["tax"]),
        ('"nộp thuế điện tử"', ["tax"]),
        ('"thue nop"', []),
        ('"nộp thuê"', []),
        ("hoà giải", ["plain"]),
        ("to giay", ["plain"]),
        ("file cũ", []),
        ("thu hồi đất", ["land", "report"]),
        ("thu hồi đất -báo", ["land"]),
        ('thuế -"quyết định"', ["tax"]),
        ("thuế -thuê", ["tax", "report"]),
        ("-thuế", ["land", "plain"]),
        ("thuế -thue", []),
        ("subject:thuế", ["tax"]),
        ("text:thuế", ["report", "tax"]),
        ('issuer:"tỉnh ủy"', ["report", "tax"]),
        ("ref_code:77-BC/VPTU", ["report"]),
        ("ref_code:vptu", ["report", "tax"]),
        ("-ref_code:vptu", ["land", "plain"]),
        ("doc_type:quyết định", ["land"]),
        ("doc_type:REPORT thuế", ["report"]),
        ("date:2025", ["report", "land"]),
        ("date:24/7/2019", ["tax"]),
        ("-date:2025", ["tax", "plain"]),
        ("ubnd", ["land", "report", "tax"]),
        ("ủy ban nhân dân tỉnh", ["land", "report", "tax"]),
        ("gpmb", ["land"]),
        ("40976", ["report"]),
        ("quạtchanh", []),
    ],
)  # fmt: skip
def test_queries_find_what_they_say(archive: list[Source], query: str, expected: list[str]) -> None:
    assert sorted(found(archive, query)) == sorted(expected)


@pytest.mark.parametrize(
    "code", ["249/2025/QĐ-UBND", "249/2025/qd-ubnd", "249/2025", "249/2025/QĐ UBND", "0249/2025/QĐ-UBND", "quyết định 249/2025/QĐ-UBND"]
)
def test_the_record_that_bears_a_code_comes_before_those_that_cite_it(archive: list[Source], code: str) -> None:
    assert found(archive, code) == ["land", "report"]


def test_all_words_in_the_subject_come_before_more_words_in_the_text(asked: list[Source], partition: Partition) -> None:
    partition.put(entry("subject", "Phòng cháy chữa cháy rừng mùa khô và các nội dung khác", "Kính gửi các đơn vị."))
    partition.put(entry("text", "Việc khác", "phòng cháy rừng " * 40))
    assert found(asked, "phòng cháy rừng") == ["subject", "text"]
    assert found(asked, "phong chay rung") == ["subject", "text"]


def test_a_word_with_marks_finds_itself_first(asked: list[Source], partition: Partition) -> None:
    for number in range(20):
        partition.put(entry(f"filler{number}", text="chữ"))  # so that a long record scores low, and only the tier can put it first
    partition.put(entry("a", text="mặt " * 50))
    partition.put(entry("b", text="mất một lần " + "chữ khác " * 10_000 + "mật"))
    partition.put(entry("c", text="mát"))
    assert found(asked, "mật")[0] == "b"
    assert found(asked, "mặt")[0] == "a"
    assert sorted(found(asked, "mật")) == sorted(found(asked, "mat")) == ["a", "b", "c"]
    assert found(asked, '"mật"') == ["b"]


def test_a_subject_that_only_looks_alike_without_marks_does_not_come_first(asked: list[Source], partition: Partition) -> None:
    partition.put(entry("lookalike", "Mặt bằng"))
    partition.put(entry("meant", "Tài liệu", "Độ mật của văn bản."))
    assert found(asked, "mật") == ["meant", "lookalike"]


def test_words_as_typed_count_for_more_where_words_are_left_out(asked: list[Source], partition: Partition) -> None:
    partition.put(entry("lookalike", text="nóp thuê điên tư"))
    partition.put(entry("meant", text="nộp thuế điện tử"))
    answer = search(asked, "nộp thuế điện tử đường")
    assert answer.relaxed and [hit.record_id for hit in answer.found.hits] == ["meant", "lookalike"]


def test_words_close_together_come_before_words_apart(asked: list[Source], partition: Partition) -> None:
    partition.put(entry("apart", text="nộp đơn xin việc, sau đó khai thuế"))
    partition.put(entry("close", text="khai đơn xin việc, sau đó nộp thuế"))
    assert found(asked, "nộp thuế") == ["close", "apart"]


def test_equal_records_go_by_id(asked: list[Source], partition: Partition) -> None:
    for name in ("c", "a", "b"):
        partition.put(entry(name, text="giống nhau"))
    assert found(asked, "giống") == ["a", "b", "c"]


def test_words_are_left_out_only_where_no_record_has_them_all(archive: list[Source]) -> None:
    answer = search(archive, "mở rộng nộp thuế điện tử đường sắt")
    assert answer.relaxed and answer.found.hits[0].record_id == "tax"
    assert not search(archive, "mở rộng nộp thuế điện tử").relaxed


def test_records_with_little_of_what_the_best_one_holds_are_not_given(asked: list[Source], partition: Partition) -> None:
    partition.put(entry("best", text="nộp thuế điện tử của doanh nghiệp"))
    partition.put(entry("good", text="nộp thuế qua ngân hàng"))
    partition.put(entry("little", text="điện của tử"))
    answer = search(asked, "nộp thuế điện tử của doanh nghiệp trong", limit=1)
    assert answer.relaxed and answer.found.total == 2 and answer.found.hits[0].record_id == "best" and answer.next is not None


@pytest.mark.parametrize(
    "query", ["zqxjkvw", "hóa đơn zqxjkvw", "hoa don zqxjkvw", "hóa đơn điện tử zqxjkvw", '"nộp thuế" zqxjkvw', "-zqxjkvw bkwqzt"]
)
def test_a_query_that_is_mostly_about_what_is_not_there_finds_nothing(archive: list[Source], query: str) -> None:
    answer = search(archive, query)
    assert (answer.found.total, answer.relaxed, answer.next) == (0, False, None)


def test_phrases_fields_and_exclusions_are_never_left_out(archive: list[Source]) -> None:
    assert search(archive, '"nộp thuế" kinh doanh cá nhân rừng').found.total == 1
    assert search(archive, '"nộp thuế" hồi đất').found.total == 0
    assert search(archive, 'mở rộng nộp thuế điện tử đường sắt -"kinh doanh"').found.total == 0
    assert search(archive, "mở rộng nộp thuế điện tử đường sắt subject:rừng").found.total == 0


def test_an_empty_query_browses_newest_first(archive: list[Source]) -> None:
    for query in ("", "   ", '""', "-zqxjkvw"):
        assert found(archive, query) == ["report", "land", "tax", "plain"]
    assert [hit.record_id for hit in search(archive, "thuế", sort=Sort.DATE).found.hits] == ["report", "tax"]


def test_filters_hold_together(archive: list[Source]) -> None:
    vptu = Is(FacetField.ISSUER, ("Văn phòng Tỉnh ủy Lào Cai",))
    assert found(archive, "", vptu) == ["report", "tax"]
    assert found(archive, "thuế", vptu, Is(FacetField.YEAR, ("2019", "2020"))) == ["tax"]
    assert found(archive, "", Is(FacetField.LEVEL, ("MAT",))) == ["report"]
    assert found(archive, "", Is(FacetField.TAGS, ("đất đai", "thuế"))) == ["land", "tax"]
    assert found(archive, "", Is(FacetField.DOC_TYPE, ("LETTER", "DECISION"))) == ["land", "tax"]
    assert found(archive, "", Is(FacetField.OFFICE, ("vptu",), negated=True)) == []
    assert found(archive, "", During(date(2025, 2, 3), date(2025, 2, 3))) == ["land"]
    assert found(archive, "", Is(FacetField.DOC_TYPE, ("REPORT",), negated=True)) == ["land", "tax", "plain"]


def test_facets_count_everything_that_matches_and_nothing_else(archive: list[Source]) -> None:
    answer = search(archive, "", facets=tuple(FacetField), limit=1)
    assert len(answer.found.hits) == 1
    assert answer.found.facets == {
        FacetField.DOC_TYPE: (FacetValue("DECISION", 1), FacetValue("LETTER", 1), FacetValue("REPORT", 1)),
        FacetField.ISSUER: (FacetValue("Văn phòng Tỉnh ủy Lào Cai", 2), FacetValue("Ủy ban nhân dân tỉnh Lào Cai", 1)),
        FacetField.OFFICE: (FacetValue("vptu", 4),),
        FacetField.LEVEL: (FacetValue("NON_CONFIDENTIAL", 3), FacetValue("MAT", 1)),
        FacetField.YEAR: (FacetValue("2025", 2), FacetValue("2019", 1)),
        FacetField.TAGS: (FacetValue("thuế", 1), FacetValue("điện tử", 1), FacetValue("đất đai", 1)),
    }
    assert search(archive, "quạtchanh", facets=(FacetField.YEAR,)).found.facets == {FacetField.YEAR: ()}


def test_a_hit_carries_what_is_listed(archive: list[Source]) -> None:
    (hit,) = search(archive, '"giải phóng mặt bằng"').found.hits
    assert (hit.record_id, hit.ref_code, hit.doc_type, hit.date) == ("land", "249/2025/QĐ-UBND", "DECISION", date(2025, 2, 3))
    assert (hit.level, hit.issuer, hit.page_count) == (Level.NON_CONFIDENTIAL, "Ủy ban nhân dân tỉnh Lào Cai", 2)


def test_the_same_record_twice_is_there_once(asked: list[Source], partition: Partition) -> None:
    for _ in range(3):
        partition.put(ARCHIVE[0])
    assert found(asked, "thuế") == ["tax"]


def test_a_newer_form_replaces_the_older(asked: list[Source], partition: Partition) -> None:
    partition.put(ARCHIVE[0])
    partition.put(replace(ARCHIVE[0], subject="Chuyện khác", text="Nội dung mới", tags=frozenset(), ref_code=None, issuer=None))
    assert found(asked, "thuế") == []
    assert found(asked, "mới") == ["tax"]
    partition.delete(RecordId("tax"))
    partition.delete(RecordId("tax"))
    assert search(asked, "").found.total == 0


def test_a_record_whose_index_work_is_due_is_in_no_answer(engine: Engine, partition: Partition) -> None:
    partition.put(*ARCHIVE)
    whole, without = engine.asked(partition), engine.asked(partition, without=frozenset({RecordId("tax")}))
    partition_as_if_gone = engine.make("gone")
    partition_as_if_gone.put(*ARCHIVE[1:])
    gone = engine.asked(partition_as_if_gone)
    for query in ("", "thuế", "thu hồi đất", "mở rộng nộp thuế điện tử đường sắt", "ubnd tỉnh", "15-CV/VPTU"):
        assert seen(search(without, query, facets=tuple(FacetField))) == seen(search(gone, query, facets=tuple(FacetField)))
    assert seen(search(whole, "thuế")) != seen(search(without, "thuế"))
    partition_as_if_gone.close()


def test_the_embedded_index_ranks_as_if_records_whose_index_work_is_due_were_not_there(tmp_path: Path) -> None:
    engine = Embedded(tmp_path)
    with closing(engine.make("whole")) as whole, closing(engine.make("gone")) as gone:
        whole.put(*ARCHIVE)
        gone.put(*ARCHIVE[1:])
        for query in ("thuế", "thu hồi đất", "ubnd tỉnh"):
            assert search(engine.asked(whole, without=frozenset({RecordId("tax")})), query) == search(engine.asked(gone), query)


def test_several_open_partitions_rank_as_one(engine: Engine, partition: Partition) -> None:
    other = engine.make("other")
    whole = engine.make("whole")
    records = [entry(f"r{number}", text=f"thuế {'đất ' * (number % 4)} {'rừng ' * (number % 3)} chữ{number}") for number in range(12)]
    partition.put(*records[:9])
    other.put(*records[9:])
    whole.put(*records)
    for query in ("thuế đất", "rừng", "đất rừng thuế", "thue"):
        assert search(engine.asked(partition, other), query) == search(engine.asked(whole), query)
    other.close()
    whole.close()


def test_offices_are_listed_as_given(engine: Engine, partition: Partition) -> None:
    partition.put(replace(ARCHIVE[0], office=OfficeId("stc")))
    (hit,) = search(engine.asked(partition), "thuế").found.hits
    assert hit.office == "stc"


def test_a_partition_opened_again_answers_the_same(engine: Engine, partition: Partition) -> None:
    partition.put(*ARCHIVE)
    before = search(engine.asked(partition), "thuế đất", snippets=True)
    partition.close()
    again = engine.again(partition)
    assert search(engine.asked(again), "thuế đất", snippets=True) == before
    again.close()


def seen(answer: Answer) -> tuple[object, ...]:
    """What an answer tells but for the scores."""
    found = answer.found
    return found.total, sorted((hit.record_id, hit.key.major) for hit in found.hits), found.facets, found.more, answer.relaxed
