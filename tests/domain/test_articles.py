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
    ArticleState,
    plain_text,
    problem_of,
    publish,
    retire,
    revise,
)
from domain.ids import ArticleId, OrgId
from domain.refusals import InvalidInput, WrongState

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
    ],
)
def test_a_broken_rule_names_its_field(change: dict[str, Any], field: str) -> None:
    problem = problem_of(replace(ARTICLE, **change))
    assert isinstance(problem, InvalidInput)
    assert problem.field == field


def test_publish_and_retire() -> None:
    published = publish(ARTICLE)
    assert published == replace(ARTICLE, state=ArticleState.PUBLISHED)
    assert isinstance(published, Article)
    assert publish(published) == published
    retired = retire(published)
    assert retired.state is ArticleState.RETIRED
    assert publish(retired) == WrongState("art_1", "RETIRED")
    assert revise(retired, ARTICLE) == WrongState("art_1", "RETIRED")


def test_an_article_without_words_is_not_published() -> None:
    refused = publish(replace(ARTICLE, body="***\n\n---"))
    assert isinstance(refused, InvalidInput)
    assert refused.field == "body"
    published = replace(ARTICLE, state=ArticleState.PUBLISHED)
    assert isinstance(revise(published, replace(published, body=" ")), InvalidInput)


def test_revise_keeps_identity_and_state() -> None:
    published = replace(ARTICLE, state=ArticleState.PUBLISHED)
    edited = replace(ARTICLE, id=ArticleId("art_2"), org_id=OrgId("org_2"), rev=99, title="New")
    assert revise(published, edited) == replace(published, title="New")
    assert isinstance(revise(published, replace(edited, title="")), InvalidInput)


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
