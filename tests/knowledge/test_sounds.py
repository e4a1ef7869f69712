"""Pinyin: what a Chinese name is also found by, and what a Latin word may mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sounds import MAX_INITIALS, sounds_of, spoken_sounds, typed_sounds


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("竞品", "jp"),
        ("竞品", "jingpin"),
        ("冷链事故", "llsg"),
        ("冷链事故", "lianshi"),
        ("重庆", "cq"),
        ("重庆", "chongqing"),
        ("重量", "zhongliang"),
        ("绿色", "lvse"),
        ("西安", "xa"),
        ("POC 标准", "bz"),
    ],
)
def test_a_name_is_found_by_its_sounds(name: str, typed: str) -> None:
    assert typed_sounds(typed) & set(sounds_of(name))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("竟品", "竞品", True), ("长乐", "常乐", True), ("竞品", "产品", False), ("ab", "ab", False)],
)
def test_characters_that_sound_the_same(one: str, other: str, same: bool) -> None:
    assert bool(spoken_sounds(one) & spoken_sounds(other)) is same


@pytest.mark.parametrize("word", ["", "j", "2024", "jp1", "é", "竞品"])
def test_other_words_mean_no_sounds(word: str) -> None:
    assert typed_sounds(word) == set()


@given(st.text(max_size=60))
def test_any_text_has_terms_without_spaces(text: str) -> None:
    for term in (*sounds_of(text), *typed_sounds(text)):
        assert term.replace("_", "").isalpha()
        assert "_" in term or len(term) <= MAX_INITIALS
