"""`make bench NAME=search`: how well and how fast articles are found; XQuAD's questions from BENCH_DATA or SAMPLES.

Ranking is the mean reciprocal rank of the right passage among the first ten (MRR@10), 1,190 questions over 240 passages
without titles in each language, beside plain BM25: whole passages, English stemmed, Chinese by single characters. Speed
is that of the same questions over many articles mixed from the passages' sentences in both languages.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import tantivy

from benchmarks.measuring import Goal, report
from domain.articles import Article, ArticleLanguage, ArticleState
from domain.ids import ArticleId, OrgId
from knowledge.index import ArticleIndex

ORG = OrgId("org_bench")
MANY, QUICKLY_MANY = 100_000, 5_000
AT_ONCE = 2_000
SENTENCES = 12
"""Of one mixed article, about as much as a page."""
FIRST = 10
MRR_GOAL = Goal(0.95, "higher")
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


def _speeds(languages: dict[ArticleLanguage, Questions], count: int) -> dict[str, float]:
    index = ArticleIndex()
    index.replace_all(())
    batch: list[Article] = []
    began = time.process_time()
    for article in _mixed(languages, count):
        batch.append(article)
        if len(batch) == AT_ONCE:
            index.apply(batch)
            batch.clear()
    index.apply(batch)
    indexed_s = time.process_time() - began
    texts = [text for each in languages.values() for text, _ in each.asked]
    slips = ["compettitor champinship", "guangzhoushi", "超级腕赛", "ctqsn", "enginearing univercity"] * 40
    figures = {f"indexing {count:,} articles, CPU ms each": indexed_s / count * 1000}
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
    figures = {
        "English, MRR@10": _mrr(english, _ours(english, ArticleLanguage.EN)),
        "English, MRR@10 of plain BM25": _mrr(english, _plain(english, "en_stem", _words)),
        "Chinese, MRR@10": _mrr(chinese, _ours(chinese, ArticleLanguage.ZH_CN)),
        "Chinese, MRR@10 of plain BM25": _mrr(chinese, _plain(chinese, "whitespace", _spaced)),
        **_speeds({ArticleLanguage.EN: english, ArticleLanguage.ZH_CN: chinese}, count),
    }
    goals = {
        "English, MRR@10": MRR_GOAL,
        "Chinese, MRR@10": MRR_GOAL,
        **{f"{name} over {count:,} articles, p95 ms": P95_GOAL for name in ("questions", "slips")},
    }
    report("search", figures, goals, label="no database", quick=quick)


if __name__ == "__main__":
    main()
