"""Articles: what is accepted, which steps exist, and the readable text of Markdown."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.articles import (
    MAX_BODY,
    MAX_LABELS,
    MAX_TITLE,
    Article,
    ArticleLanguage,
    is_for,
    plain_text,
    problem_of,
    text_of,
    unreadable,
    with_text,
)
from domain.ids import ArticleId, OrgId, TeamId
from domain.refusals import InvalidInput

ARTICLE = Article(ArticleId("art_1"), OrgId("org_1"), 3, ArticleLanguage.EN, "A title", "Some *text*.")


def test_a_complete_article_has_no_problem() -> None:
    assert problem_of(replace(ARTICLE, title="t" * MAX_TITLE, body="b" * MAX_BODY, industry="food")) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \u3000"}, "title"),
        ({"title": "t" * (MAX_TITLE + 1)}, "title"),
        ({"body": "b" * (MAX_BODY + 1)}, "body"),
        ({"aliases": ("ok", " ")}, "aliases"),
        ({"aliases": ("a" * 201,)}, "aliases"),
        ({"aliases": ("a",) * (MAX_LABELS + 1)}, "aliases"),
        ({"tags": frozenset({""})}, "tags"),
        ({"tags": frozenset({" x"})}, "tags"),
        ({"tags": frozenset(str(n) for n in range(MAX_LABELS + 1))}, "tags"),
        ({"stages": frozenset({"s" * 61})}, "stages"),
        ({"product_lines": frozenset({"x "})}, "productLines"),
        ({"industry": ""}, "industry"),
        ({"team_ids": frozenset(TeamId(f"tea_{n}") for n in range(51))}, "teamIds"),
    ],
)
def test_a_broken_rule_names_its_field(change: dict[str, Any], field: str) -> None:
    problem = problem_of(replace(ARTICLE, **change))
    assert isinstance(problem, InvalidInput)
    assert problem.field == field


@pytest.mark.parametrize("body", ["", " ", "***\n\n---", "![](x.png)"])
def test_a_text_without_words_is_not_for_readers(body: str) -> None:
    assert unreadable(text_of(ARTICLE)) is None
    refused = unreadable(replace(text_of(ARTICLE), body=body))
    assert refused is not None
    assert refused.field == "body"


def test_an_article_says_what_its_text_says() -> None:
    text = replace(text_of(ARTICLE), title="Other", tags=frozenset({"a"}), team_ids=frozenset({TeamId("tea_1")}))
    assert text_of(with_text(ARTICLE, text)) == text
    assert with_text(with_text(ARTICLE, text), text_of(ARTICLE)) == ARTICLE


@pytest.mark.parametrize(
    ("kept_to", "audience", "shown"),
    [
        ((), frozenset(), True),
        ((), None, True),
        (("tea_1",), frozenset({TeamId("tea_1")}), True),
        (("tea_1", "tea_2"), frozenset({TeamId("tea_2"), TeamId("tea_3")}), True),
        (("tea_1",), frozenset({TeamId("tea_2")}), False),
        (("tea_1",), frozenset(), False),
        (("tea_1",), None, True),
    ],
)
def test_is_for(kept_to: tuple[str, ...], audience: frozenset[TeamId] | None, shown: bool) -> None:
    assert is_for([TeamId(each) for each in kept_to], audience) is shown


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Title\n\ntext", "Title\ntext"),
        ("- one\n* two\n1. three\n2) four", "one\ntwo\nthree\nfour"),
        ("- [ ] open\n- [x] done", "open\ndone"),
        ("> > quoted **strong** and _soft_", "quoted strong and soft"),
        ("snake_case_name and 2 * 3", "snake_case_name and 2 * 3"),
        ("see [the page](https://example.org/a?b) and ![a picture](p.png)", "see the page and a picture"),
        ("<https://example.org> <b>bold</b>", "https://example.org bold"),
        ("| a | b |\n| --- | :-: |\n| 1 | 2 |", "a b\n1 2"),
        ("```python\n# not a heading\n```\n`code`", "# not a heading\ncode"),
        (r"5 \* 3 \# \[x\]", "5 * 3 # [x]"),
        ("a &amp; b&nbsp;c", "a & b c"),
        ("**先问**：“有效期到哪天？”", "先问：“有效期到哪天？”"),
        ("---\n***\n===\n", ""),
        ("one\r\ntwo\n\n\n  three  ", "one\ntwo\nthree"),
    ],
)
def test_plain_text(markdown: str, text: str) -> None:
    assert plain_text(markdown) == text


@given(st.text(alphabet="#*_`~[]()<>!|\\-+=>&;: \n\tab1.中。", max_size=200))
def test_plain_text_takes_anything(markdown: str) -> None:
    assert all(line.strip() for line in plain_text(markdown).splitlines())


@pytest.mark.parametrize(
    "unit", [" ", "[", "[a](", "![", "<", "<!--", "*", "* ", "_", "- ", "> ", "| ", "`", "\\", "&", "1.", "~~~"]
)
def test_hostile_repetition_is_read_in_linear_time(unit: str) -> None:
    began = time.process_time()
    plain_text(unit * (MAX_BODY // len(unit)) + "x")
    assert time.process_time() - began < 1.0
