"""Turns Chinese, English and mixed text into search terms with their places; for articles and queries alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from operator import add
from typing import NamedTuple

TOKENIZER_VERSION = 1
"""Raise with every change that gives other terms for the same text: old indexes are then built anew."""

MAX_WORD = 40
"""Characters of a Latin word that count; a longer one is cut."""

# Scripts written without spaces between words: kana, Han with its extensions, Hangul.
_DENSE = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
_DENSE_RUN = re.compile(f"[{_DENSE}]+")
_WORD_RUN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:['\u2019][^\W_]+)*")
_HYPHENS = frozenset("-\u2010\u2011")
_APOSTROPHE = re.compile(r"['\u2019]s\b|['\u2019]")
_GROUPING = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_LAST_LATIN = 0x24F

_Places = list[tuple[int, int]] | None
"""Where each folded character came from; None when every character stayed one character."""


class Term(NamedTuple):
    """One search term and the code points `[start, end)` of the given text that it stands for."""

    text: str
    start: int
    end: int
    is_part: bool
    """A single character out of a longer run of Chinese; too common to be worth highlighting."""


def terms_of(text: str) -> Iterator[Term]:
    """The terms of `text`: words lower-cased and stemmed, with runs of Chinese as characters and pairs."""
    folded, places = _fold(text)
    for run in _DENSE_RUN.finditer(folded):
        start, end = run.span()
        for at in range(start, end):
            yield Term(folded[at], *_span(places, at, at), end - start > 1)
            if at + 1 < end:
                yield Term(folded[at : at + 2], *_span(places, at, at + 1), False)
    for word, start, end in _words(folded):
        yield Term(word, *_span(places, start, end - 1), False)


def words_for_index(text: str) -> list[str]:
    """The same terms as `terms_of` in another order, without their places: what an index needs, in half the time."""
    folded, _ = _fold(text)
    found: list[str] = []
    for run in _DENSE_RUN.findall(folded):
        found += run
        found += map(add, run, run[1:])
    found += [word for word, _, _ in _words(folded)]
    return found


def places_of(terms: frozenset[str], text: str) -> list[tuple[int, int]]:
    """Where `terms` stand in `text`: the ranges that `terms_of(text)` would give, in order, touching ones as one."""
    folded, places = _fold(text)
    dense = [term for term in terms if _DENSE_RUN.match(term)]
    spans = [(start, end) for word, start, end in _words(folded) if word in terms] if len(dense) < len(terms) else []
    # A pair of Chinese characters is found as it is, which is far cheaper than listing every pair of the text.
    for term in dense:
        at = folded.find(term)
        while at >= 0:
            spans.append((at, at + len(term)))
            at = folded.find(term, at + 1)
    ranges: list[tuple[int, int]] = []
    for start, end in sorted(_span(places, start, end - 1) for start, end in spans):
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return ranges


def _words(folded: str) -> Iterator[tuple[str, int, int]]:
    previous, previous_start, previous_end = "", 0, -2
    spaced = _DENSE_RUN.sub(lambda run: " " * len(run.group()), folded)
    for run in _WORD_RUN.finditer(spaced):
        word, start, end = run.group(), run.start(), run.end()
        if not word.isalnum():
            word = _GROUPING.sub("", _APOSTROPHE.sub("", word))
        word = word[:MAX_WORD]
        yield stem(word), start, end
        # "check-in" is also found as "checkin", and the other way round.
        if start - previous_end == 1 and folded[previous_end] in _HYPHENS:
            yield stem((previous + word)[:MAX_WORD]), previous_start, end
        previous, previous_start, previous_end = word, start, end


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A lower-case English word without plural, -ed, -ing and a final e; anything else, and short words, unchanged."""
    if len(word) <= 3 or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed") if not word.endswith("eed") else ():
        root = word[: -len(ending)]
        if word.endswith(ending) and len(root) >= 3 and any(letter in "aeiouy" for letter in root):
            word = root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _span(places: _Places, first: int, last: int) -> tuple[int, int]:
    return (first, last + 1) if places is None else (places[first][0], places[last][1])


def _fold(text: str) -> tuple[str, _Places]:
    """Compatibility-normalised, case-folded, Latin without accents; and for each character its span in `text`."""
    if text.isascii():
        return text.lower(), None
    one_by_one = "".join(map(_fold_cluster, text))
    if len(one_by_one) == len(text) and not any(map(unicodedata.combining, text)):
        return one_by_one, None
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    at, size = 0, len(text)
    while at < size:
        end = at + 1
        while end < size and unicodedata.combining(text[end]):
            end += 1
        plain = _fold_cluster(text[at:end])
        folded.append(plain)
        places.extend([(at, end)] * len(plain))
        at = end
    return "".join(folded), places


@lru_cache(maxsize=20_000)
def _fold_cluster(cluster: str) -> str:
    normal = unicodedata.normalize("NFKC", cluster).casefold()
    if all(ord(char) > _LAST_LATIN for char in normal):
        return normal
    return "".join(char for char in unicodedata.normalize("NFKD", normal) if not unicodedata.combining(char))
