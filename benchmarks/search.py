"""`make bench NAME=search`: how well and how fast articles are found; XQuAD's questions from BENCH_DATA or SAMPLES.

Ranking is the mean reciprocal rank of the right passage among the first ten (MRR@10), 1,190 questions over 240 passages
without titles in each language, beside plain BM25: whole passages, English stemmed, Chinese by single characters. With
the extra `semantic` also across languages, an English question for a Chinese passage and the reverse, and by words and
meaning together. Speed is that of the same questions over many articles mixed from the passages' sentences in both
languages, in an index on disk, which is also opened again as a process that starts does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import tantivy

from benchmarks.measuring import Goal, report
from domain.article_vectors import ArticleVectors
from domain.articles import Article, ArticleLanguage, ArticleState
from domain.ids import ArticleId, OrgId
from knowledge.blending import blend
from knowledge.index import ArticleIndex
from knowledge.meaning import MODEL, Meaning, is_installed, open_meaning, packed, passages_of
from knowledge.nearness import Nearness

ORG = OrgId("org_bench")
MANY, QUICKLY_MANY = 100_000, 5_000
AT_ONCE = 2_000
SENTENCES = 12
"""Of one mixed article, about as much as a page."""
FIRST = 10
MRR_GOAL = Goal(0.95, "higher")
ACROSS = ("English for Chinese, MRR@10", "Chinese for English, MRR@10")
ACROSS_GOAL = Goal(0.77, "higher")
TOGETHER = ("English by words and meaning, MRR@10", "Chinese by words and meaning, MRR@10")
OPENING_GOAL = Goal(1.0)
P95_GOAL = Goal(20.0)
_SENTENCE = re.compile(r"[^。！？.!?]+[。！？.!?]+\s*")
_LETTERS = re.compile(r"[^\W\d_]|\d+")


@dataclass(frozen=True, slots=True)
class Questions:
    """One language of XQuAD: passages, and questions with the number of the passage that answers."""

    passages: list[str]
    asked: list[tuple[str, int]]


def _read(folder: Path, language: str) -> Questions:
    content = json.loads((folder / "retrieval" / f"xquad_{language}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for each in content["data"] for paragraph in each["paragraphs"]]
    asked = [(qa["question"], at) for at, paragraph in enumerate(paragraphs) for qa in paragraph["qas"]]
    return Questions([each["context"] for each in paragraphs], asked)


def _article(key: str, language: ArticleLanguage, body: str, title: str = "-") -> Article:
    return Article(ArticleId(key), ORG, 1, language, title, body, state=ArticleState.PUBLISHED)


def _ours(questions: Questions, language: ArticleLanguage) -> Callable[[str], list[int]]:
    index = ArticleIndex()
    index.replace_all([_article(str(at), language, text) for at, text in enumerate(questions.passages)])
    return lambda text: [int(hit.article_id) for hit in index.search(ORG, text, limit=FIRST)]


def _vectors(meaning: Meaning, questions: Questions, language: ArticleLanguage) -> list[ArticleVectors]:
    """Those that the worker would make."""
    articles = [_article(str(at), language, text) for at, text in enumerate(questions.passages)]
    return [
        ArticleVectors(each.id, ORG, at, language, MODEL, packed(meaning.of_passages(passages_of(each))))
        for at, each in enumerate(articles, start=1)
    ]


def _by_meaning(meaning: Meaning, questions: Questions, vectors: list[ArticleVectors]) -> Callable[[str], list[int]]:
    """By words and by vectors, put together as resolvers/article_search.py does."""
    nearness = Nearness(_Made(vectors), meaning)
    nearness.want(ORG)
    asyncio.run(nearness.catch_up())
    index = ArticleIndex()
    index.replace_all(
        [_article(each.article_id, each.language, text) for each, text in zip(vectors, questions.passages, strict=True)]
    )

    def search(text: str) -> list[int]:
        hits = index.search(ORG, text, limit=3 * FIRST)
        near = nearness.nearest(ORG, text, 3 * FIRST)
        openings = dict.fromkeys((each.article_id for each in near), "")
        return [int(hit.article_id) for hit in blend(hits, near, openings)[:FIRST]]

    return search


@dataclass(frozen=True, slots=True)
class _Made:
    """Vectors that are all there."""

    vectors: list[ArticleVectors]

    async def reached(self, org_id: OrgId) -> int:  # noqa: ARG002 - the only organization
        """How many there are."""
        return len(self.vectors)

    async def changed(
        self,
        org_id: OrgId,  # noqa: ARG002
        after: int,  # noqa: ARG002
        last: int,  # noqa: ARG002
    ) -> AsyncIterator[Sequence[ArticleVectors]]:
        """All at once."""
        yield self.vectors


def _meanings(english: Questions, chinese: Questions) -> dict[str, float]:
    """Empty without the extra."""
    if not is_installed():
        return {}
    meaning, en, zh = open_meaning(), ArticleLanguage.EN, ArticleLanguage.ZH_CN
    began = time.process_time()
    for text, _ in english.asked[:100]:
        meaning.of_question(text)
    question_ms = (time.process_time() - began) * 10
    in_english, in_chinese = _vectors(meaning, english, en), _vectors(meaning, chinese, zh)
    return {
        ACROSS[0]: _mrr(english, _by_meaning(meaning, chinese, in_chinese)),
        ACROSS[1]: _mrr(chinese, _by_meaning(meaning, english, in_english)),
        TOGETHER[0]: _mrr(english, _by_meaning(meaning, english, in_english)),
        TOGETHER[1]: _mrr(chinese, _by_meaning(meaning, chinese, in_chinese)),
        "vector of a question, CPU ms": question_ms,
    }


def _plain(questions: Questions, tokenizer: str, prepared: Callable[[str], str]) -> Callable[[str], list[int]]:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name=tokenizer)
    builder.add_integer_field("at", stored=True)
    index = tantivy.Index(builder.build())
    writer = index.writer(32_000_000, 1)
    for at, text in enumerate(questions.passages):
        document = tantivy.Document()
        document.add_text("text", prepared(text))
        document.add_integer("at", at)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher = index.searcher()

    def search(text: str) -> list[int]:
        query, _ = index.parse_query_lenient(prepared(text), ["text"])
        return [int(searcher.doc(address)["at"][0]) for _, address in searcher.search(query, FIRST).hits]

    return search


def _spaced(text: str) -> str:
    return " ".join(_LETTERS.findall(text))


def _words(text: str) -> str:
    return re.sub(r"[^\w\s]", " ", text)


def _mrr(questions: Questions, search: Callable[[str], list[int]]) -> float:
    ranks = [
        (found.index(right) + 1 if right in found else 0) for text, right in questions.asked for found in [search(text)]
    ]
    return statistics.fmean(1 / rank if rank else 0.0 for rank in ranks)


def _mixed(languages: dict[ArticleLanguage, Questions], count: int) -> Iterator[Article]:
    random = Random(20)
    sentences = {
        language: [one for passage in each.passages for one in _SENTENCE.findall(passage)]
        for language, each in languages.items()
    }
    for at in range(count):
        language = random.choice(list(languages))
        body = "\n\n".join(random.choices(sentences[language], k=SENTENCES))
        yield _article(f"art_{at}", language, body, random.choice(sentences[language])[:60])


def _speeds(languages: dict[ArticleLanguage, Questions], count: int, folder: Path) -> dict[str, float]:
    index = ArticleIndex(folder)
    batch: list[Article] = []
    began = time.process_time()
    for article in _mixed(languages, count):
        batch.append(article)
        if len(batch) == AT_ONCE:
            index.apply(batch)
            batch.clear()
    index.apply(batch, {ORG: count})
    index.finish()
    indexed_s = time.process_time() - began
    index.close()
    began = time.perf_counter()
    index = ArticleIndex(folder)
    found = index.search(ORG, languages[ArticleLanguage.EN].asked[0][0], limit=FIRST)
    opened_s = time.perf_counter() - began
    assert found
    assert index.position.is_whole
    began = time.perf_counter()
    assert not index.mend()
    checked_s = time.perf_counter() - began
    texts = [text for each in languages.values() for text, _ in each.asked]
    slips = ["compettitor champinship", "guangzhoushi", "超级腕赛", "ctqsn", "enginearing univercity"] * 40
    figures = {
        f"indexing {count:,} articles, CPU ms each": indexed_s / count * 1000,
        f"{count:,} articles on disk, MB": sum(each.stat().st_size for each in folder.rglob("*")) / 1e6,
        f"opening {count:,} articles and the first answer, s": opened_s,
        f"checking the sums of {count:,} articles, s": checked_s,
    }
    for name, asked in {"questions": texts, "slips": slips}.items():
        took = []
        for text in asked:
            at = time.thread_time()
            index.search(ORG, text, limit=FIRST)
            took.append((time.thread_time() - at) * 1000)
        quantiles = statistics.quantiles(took, n=100)
        figures[f"{name} over {count:,} articles, p50 ms"] = quantiles[49]
        figures[f"{name} over {count:,} articles, p95 ms"] = quantiles[94]
    return figures


def main() -> None:
    """Runs the benchmark and reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICKLY_MANY:,} articles instead of {MANY:,}")
    quick = parser.parse_args().quick
    data = os.environ.get("BENCH_DATA") or os.environ.get("SAMPLES")
    if not data:
        sys.stdout.write("search: skipped; set BENCH_DATA to a folder with retrieval/xquad_en.json and xquad_zh.json\n")
        return
    english, chinese = _read(Path(data), "en"), _read(Path(data), "zh")
    count = QUICKLY_MANY if quick else MANY
    with TemporaryDirectory() as folder:
        speeds = _speeds({ArticleLanguage.EN: english, ArticleLanguage.ZH_CN: chinese}, count, Path(folder))
    figures = {
        "English, MRR@10": _mrr(english, _ours(english, ArticleLanguage.EN)),
        "English, MRR@10 of plain BM25": _mrr(english, _plain(english, "en_stem", _words)),
        "Chinese, MRR@10": _mrr(chinese, _ours(chinese, ArticleLanguage.ZH_CN)),
        "Chinese, MRR@10 of plain BM25": _mrr(chinese, _plain(chinese, "whitespace", _spaced)),
        **_meanings(english, chinese),
        **speeds,
    }
    goals = {
        "English, MRR@10": MRR_GOAL,
        "Chinese, MRR@10": MRR_GOAL,
        **dict.fromkeys(ACROSS, ACROSS_GOAL),
        **dict.fromkeys(TOGETHER, MRR_GOAL),
        f"opening {count:,} articles and the first answer, s": OPENING_GOAL,
        **{f"{name} over {count:,} articles, p95 ms": P95_GOAL for name in ("questions", "slips")},
    }
    report("search", figures, goals, label="no database", quick=quick)


if __name__ == "__main__":
    main()
