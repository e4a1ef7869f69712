"""Turns what somebody typed into a query over the index; used by knowledge/index.py alone.

A term that the organization's articles do not have is taken for a slip: of a letter, of a character with the same
sound, or for pinyin. Only then is anything fuzzy searched, so that a query without slips costs and finds the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tantivy

from knowledge.sounds import spoken_sounds, typed_sounds
from knowledge.synonyms import Groups, alternatives
from knowledge.tokenizer import Term, terms_of
from knowledge.vocabulary import Vocabulary

MAX_QUERY_CHARS = 500
MAX_QUERY_TERMS = 128
MAX_SLIPS = 12
"""Terms of one query that are looked at as slips."""
SYNONYM_WEIGHT = 0.6
SLIP_SCORES = (0.0, 4.0, 3.0)
"""Of a word that differs by so many letters; a word that is met in one article of a thousand scores about 7."""
SOUND_WEIGHT = 0.8
LABEL_SCORES = {"competitor": 12.0, "stage": 8.0, "product": 8.0, "industry": 5.0}
"""Of an article labelled for what the reader is at, where labels count more than words."""
WORD_WEIGHT = 0.3

# Words that say nothing about a subject. A query of nothing else is still searched for.
_EMPTY_TERMS = frozenset(
    term.text
    for term in terms_of(
        "a about an and are as at be by can do does for from had has have how i if in is it its me my of on or our "
        "should so that the their them there they this to us was we were what when where which who why will with you "
        "your 的 了 吗 呢 吧 啊 什么 怎么 怎样 如何 是 在 和 与 或 我 你 他 她 它 我们 你们 他们 这 那 哪"
        " 有 就 都 也 很 要 请"
    )
)
Filters = Sequence[tuple[str, tuple[str, ...]]]
"""Fields with the values of which an article must have one."""
_MUST, _SHOULD = tantivy.Occur.Must, tantivy.Occur.Should
_OPTIONS = {"terms": "freq", "sounds": "freq"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and what of it is to be marked in the passages found."""

    query: tantivy.Query
    marked: frozenset[str]


class Asking:
    """Builds queries for one state of the index."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, vocabulary: Vocabulary) -> None:
        self._schema = schema
        self._vocabulary = vocabulary
        self._searcher = searcher

    def ask(self, text: str, filters: Filters, synonyms: Groups) -> Asked | None:
        """The chunks with any term of `text` that pass all `filters`; None without a letter or digit in it."""
        terms = query_terms(text)
        if not terms:
            return None
        within = self._within(filters)
        wanted = [self._term("terms", term.text) for term in terms]
        wanted += [
            tantivy.Query.boost_query(self._term("terms", other), SYNONYM_WEIGHT)
            for other in alternatives(synonyms, {term.text for term in terms})
        ]
        slips = [term for term in terms if not term.is_part and not self._is_there(within, term.text)]
        meant: list[str] = []
        for slip in slips[:MAX_SLIPS]:
            near = self._vocabulary.near(slip.text)
            wanted += self._guesses(slip.text, text[slip.start : slip.end].lower(), near)
            meant += [word for word, _ in near]
        any_of = tantivy.Query.boolean_query([(_SHOULD, each) for each in wanted])
        return Asked(
            tantivy.Query.boolean_query([*within, (_MUST, any_of)]),
            frozenset({*(term.text for term in terms if not term.is_part), *meant}),
        )

    def fit(self, text: str, filters: Filters, labels: Sequence[tuple[str, str]]) -> Asked | None:
        """The chunks with any of the labels or terms that pass all `filters`; None where there are neither."""
        terms = query_terms(text)
        wanted = [
            tantivy.Query.const_score_query(self._term(field, value), LABEL_SCORES[field]) for field, value in labels
        ]
        wanted += [tantivy.Query.boost_query(self._term("terms", term.text), WORD_WEIGHT) for term in terms]
        if not wanted:
            return None
        any_of = tantivy.Query.boolean_query([(_SHOULD, each) for each in wanted])
        marked = frozenset(term.text for term in terms if not term.is_part)
        return Asked(tantivy.Query.boolean_query([*self._within(filters), (_MUST, any_of)]), marked)

    def passing(self, filters: Filters) -> tantivy.Query:
        """All chunks that pass the filters."""
        return tantivy.Query.boolean_query(self._within(filters))

    def _within(self, filters: Filters) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        conditions = []
        for field, values in filters:
            terms = [self._term(field, value) for value in values]
            one_of = terms[0] if len(terms) == 1 else tantivy.Query.boolean_query([(_SHOULD, each) for each in terms])
            # A filter's own score would favour articles with rare tags.
            conditions.append((_MUST, tantivy.Query.const_score_query(one_of, 0.0)))
        return conditions

    def _is_there(self, within: list[tuple[tantivy.Occur, tantivy.Query]], term: str) -> bool:
        query = tantivy.Query.boolean_query([*within, (_MUST, self._term("terms", term))])
        return bool(self._searcher.search(query, 1, count=False).hits)

    def _guesses(self, slip: str, as_typed: str, near: Sequence[tuple[str, int]]) -> list[tantivy.Query]:
        # Pinyin has no stem: "chongqing" is no form of "chongq".
        sounds = typed_sounds(as_typed) if slip.isascii() else spoken_sounds(slip)
        found = [tantivy.Query.boost_query(self._term("sounds", sound), SOUND_WEIGHT) for sound in sorted(sounds)]
        words = [
            tantivy.Query.const_score_query(self._term("terms", word), SLIP_SCORES[distance]) for word, distance in near
        ]
        return [*found, tantivy.Query.disjunction_max_query(words)] if words else found

    def _term(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, _OPTIONS.get(field, "basic"))


def query_terms(text: str) -> list[Term]:
    """The distinct terms that say what a text is about; those that say nothing only where there are no others."""
    distinct = {term.text: term for term in reversed(list(terms_of(text[:MAX_QUERY_CHARS])))}
    terms = list(reversed(distinct.values()))
    telling = [term for term in terms if term.text not in _EMPTY_TERMS]
    return (telling or terms)[:MAX_QUERY_TERMS]
