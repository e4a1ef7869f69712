"""Tokenizer: terms of Chinese, English and mixed text, and their places."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.tokenizer import MAX_WORD, places_of, stem, terms_of, words_for_index

MIXED = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("竞品降价冷链 abcsing-'’.,09Ａｂéßﬁİ가が½㎏e\u0301")),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("竞品", ["竞", "竞品", "品"]),
        ("价", ["价"]),
        ("竞品，降价", ["竞", "竞品", "品", "降", "降价", "价"]),
        ("POC标准", ["标", "标准", "准", "poc"]),
        ("5G网", ["网", "5g"]),
        ("Prices PRICING priced", ["pric", "pric", "pric"]),
        ("ＰＯＣ　２０２６", ["poc", "2026"]),
        ("½ ﬁre", ["1", "2", "fire"[:3]]),
        ("㎏", ["kg"]),
        ("1,200 3.5 18kg", ["1200", "3.5", "18kg"]),
        ("3.5万", ["万", "3.5"]),
        ("check-in", ["check", "in", "checkin"]),
        ("customer's don’t", ["customer", "dont"]),
        ("café cafe\u0301 CAFÉ", ["caf", "caf", "caf"]),
        ("Straße", ["strass"]),
        ("snake_case", ["snak", "cas"]),
        ("😀 !? ，。 -- \x00", []),
        ("冷😀链", ["冷", "链"]),
        ("カタ 한국", ["カ", "カタ", "タ", "한", "한국", "국"]),
        ("Привет", ["привет"]),
        ("𠀀𠀁", ["𠀀", "𠀀𠀁", "𠀁"]),
        ("\ud800", []),
    ],
)
def test_terms(text: str, terms: list[str]) -> None:
    assert [term.text for term in terms_of(text)] == terms


@pytest.mark.parametrize(
    "forms",
    [
        ("visit", "visits", "visited", "visiting"),
        ("delivery", "deliveries"),
        ("plan", "plans", "planned", "planning"),
        ("price", "prices", "pricing"),
        ("box", "boxes"),
        ("call", "calls", "called", "calling"),
        ("speed", "speeds"),
        ("class", "classes"),
    ],
)
def test_forms_of_a_word_are_one_term(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize("word", ["gas", "bus", "status", "analysis", "loss", "ring", "bring", "need", "18kg", "冷链"])
def test_words_that_only_look_inflected_stay(word: str) -> None:
    assert stem(word) == word


def test_places_point_into_the_given_text() -> None:
    text = "Ｐrices ﬁre: 竞品降价"
    assert {text[term.start : term.end] for term in terms_of(text)} == {
        "Ｐrices", "ﬁre", "竞", "品", "降", "价", "竞品", "品降", "降价",
    }  # fmt: skip


def test_a_long_word_is_cut() -> None:
    assert [term.text for term in terms_of("x" * 1000)] == ["x" * MAX_WORD]


@given(MIXED)
def test_any_text_gives_clean_terms_inside_it(text: str) -> None:
    for term in terms_of(text):
        assert 0 <= term.start < term.end <= len(text)
        assert term.text
        assert not any(char.isspace() for char in term.text)
        term.text.encode()


@given(MIXED, st.data())
def test_places_of_agrees_with_terms_of(text: str, data: st.DataObject) -> None:
    terms = list(terms_of(text))
    wanted = frozenset(data.draw(st.lists(st.sampled_from([term.text for term in terms])))) if terms else frozenset()
    covered = {at for term in terms if term.text in wanted for at in range(term.start, term.end)}
    ranges = places_of(wanted, text)
    assert {at for start, end in ranges for at in range(start, end)} == covered
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ranges))


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("客户价格 a-b's,1.5é\u0301"))))
def test_an_index_is_told_the_same_terms(text: str) -> None:
    assert sorted(words_for_index(text)) == sorted(term.text for term in terms_of(text))
