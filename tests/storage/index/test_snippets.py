"""Snippets show the record's own words around what was found."""

from __future__ import annotations

from storage.index.analysis import clean
from storage.index.query import parse_query
from storage.index.question import Source
from storage.index.snippets import SNIPPET_LENGTH, SNIPPETS, snippets
from tests.storage.index.index_world import search


def shown(query: str, text: str) -> list[list[str]]:
    return [[snippet.text[start:end] for start, end in snippet.matches] for snippet in snippets(parse_query(query), clean(text))]


def test_marks_and_case_stay() -> None:
    (snippet,) = snippets(parse_query("nop thue"), "Kính gửi: Cục Thuế tỉnh.\nThực hiện Nộp thuế điện tử.")
    assert snippet.text == "Kính gửi: Cục Thuế tỉnh. Thực hiện Nộp thuế điện tử."
    assert [snippet.text[start:end] for start, end in snippet.matches] == ["Thuế", "Nộp", "thuế"]


def test_a_word_with_marks_shows_itself_rather_than_its_likes() -> None:
    assert shown("mật", "mặt bằng, độ mật, mất mát") == [["mật"]]
    assert shown("mật", "mặt bằng") == [["mặt"]]
    assert shown("hoà", "Hòa Bình, hoạ sĩ") == [["Hòa"]]


def test_phrases_and_codes_are_shown_whole() -> None:
    assert shown('"thu hồi đất"', "Thu hồi\nđất; thu tiền; đất") == [["Thu hồi đất"]]
    assert shown("249/2025/qd-ubnd", "số 249/2025/QĐ-UBND") == [["249/2025/QĐ-UBND"]]
    assert shown("5", "ngày 05 tháng 5, năm 55") == [["05", "5"]]
    assert shown("UBND", "Ủy ban nhân dân tỉnh") == [["Ủy ban nhân dân"]]


def test_at_most_three_short_pieces_the_best_of_a_long_text() -> None:
    filler = "chữ nghĩa dài dòng " * 30
    text = filler + "nộp " + filler + "thuế " + filler + "nộp thuế điện tử " + filler + "điện " + filler
    cut = snippets(parse_query("nộp thuế điện tử"), text)
    assert len(cut) == SNIPPETS and all(len(snippet.text) <= SNIPPET_LENGTH for snippet in cut)
    assert any("nộp thuế điện tử" in snippet.text for snippet in cut)
    assert all(snippet.text in text for snippet in cut)
    assert not any(snippet.text[0] == "h" for snippet in cut)  # never from the middle of "chữ"


def test_a_word_longer_than_a_snippet_is_shown() -> None:
    (snippet,) = snippets(parse_query("x" * 64), "y " * 50 + "x" * 64 + "z" * 400) or (None,)
    assert snippet is None
    assert shown("x" * 64, "y " * 50 + "x" * 64 + " z" * 400) == [["x" * 64]]


def test_snippets_come_only_when_asked_for(archive: list[Source]) -> None:
    assert search(archive, "nộp thuế").found.hits[0].snippets == ()
    (hit,) = search(archive, '"nop thue"', snippets=True).found.hits
    assert [snippet.text[slice(*snippet.matches[0])] for snippet in hit.snippets] == ["nộp thuế"]
    assert all(hit.snippets == () for hit in search(archive, "", snippets=True).found.hits)


def test_a_record_found_by_its_subject_shows_its_subject(archive: list[Source]) -> None:
    (hit,) = search(archive, "subject:tránh", snippets=True).found.hits
    assert hit.snippets[0].text == "Thu hồi đất phục vụ dự án đường tránh"
