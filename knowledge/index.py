"""The search index over published articles, private to a process and rebuildable; fed by knowledge/follower.py."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import tantivy

from domain.article_ranking import Situation
from domain.articles import Article, ArticleState
from domain.ids import ArticleId, OrgId
from knowledge.chunks import chunks_of
from knowledge.queries import Asked, Asking
from knowledge.sounds import sounds_of
from knowledge.synonyms import Groups
from knowledge.tokenizer import TOKENIZER_VERSION, places_of, terms_of

SCHEMA_VERSION = 2
"""Raise with every change of the fields below or of the cutting into chunks."""
MAX_HITS = 100

MAX_COUNTED = 2_000
FACETS = ("language", "tag", "stage", "product", "industry", "competitor")
_FOLDER = f"articles-{SCHEMA_VERSION}-{TOKENIZER_VERSION}"
_WRITER_BYTES = 32_000_000
_TOKENIZERS = {"product": "label", "industry": "label", "competitor": "label"}
_KEYS = ("org", "article", "language", "tag", "stage", "product", "industry", "competitor")


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found, with the passage that fits best."""

    article_id: ArticleId
    score: float
    """Comparable within one answer only."""
    snippet: str
    """Plain text of at most 140 Chinese or 420 Latin characters."""
    highlights: tuple[tuple[int, int], ...]
    """Ranges `[start, end)` of `snippet` in Unicode code points, in order and apart from each other."""


def _build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in _KEYS:
        builder.add_text_field(
            name, stored=name != "org", tokenizer_name=_TOKENIZERS.get(name, "raw"), index_option="basic"
        )
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("sounds", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("text", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_boolean_field("is_body", stored=True)
    return builder.build()


class ArticleIndex:
    """Articles of all organizations in one index; one writer at a time, any number of readers, from any thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """In memory, or inside `folder`, which no other process may use; other versions' files there are deleted."""
        self._schema = _build_schema()
        self._writing = threading.Lock()
        self._index = tantivy.Index(self._schema) if folder is None else self._opened(folder)
        lowered = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.lowercase()).build()
        self._index.register_tokenizer("label", lowered)

    def _opened(self, folder: Path) -> tantivy.Index:
        for old in folder.glob("articles-*"):
            if old.name != _FOLDER:
                shutil.rmtree(old)
        path = folder / _FOLDER
        path.mkdir(parents=True, exist_ok=True)
        try:
            return tantivy.Index(self._schema, path=str(path))
        except ValueError:
            # Damaged files: the content is a copy and comes again from the source.
            shutil.rmtree(path)
            path.mkdir()
            return tantivy.Index(self._schema, path=str(path))

    def replace_all(self, articles: Iterable[Article]) -> None:
        """Make the published ones of `articles` the whole content; readers see the old content until it is done."""
        self._write(articles, from_nothing=True)

    def apply(self, changed: Iterable[Article]) -> None:
        """Put each published article in place of its earlier version and remove each one that is not published."""
        self._write(changed, from_nothing=False)

    def search(
        self,
        org_id: OrgId,
        text: str,
        *,
        language: str | None = None,
        tags: frozenset[str] = frozenset(),
        stage: str | None = None,
        synonyms: Groups = (),
        limit: int = 20,
    ) -> list[Hit]:
        """The organization's articles that share a term with `text` and pass every filter, best first.

        `tags` must all be on the article. Words that no article has also find what differs by a letter or two, what
        sounds the same, and what they spell in pinyin or its initials. At most `limit` (and MAX_HITS) hits. Only the
        first MAX_QUERY_CHARS characters count; without a letter or digit among them the answer is empty.
        """
        limit = min(limit, MAX_HITS)
        searcher = self._index.searcher()
        asked = Asking(self._schema, searcher).ask(text, _filters(org_id, language, tags, stage), synonyms)
        if asked is None or limit < 1:
            return []
        return self._best(searcher, asked, limit)

    def facets(
        self,
        org_id: OrgId,
        text: str,
        *,
        language: str | None = None,
        tags: frozenset[str] = frozenset(),
        stage: str | None = None,
        synonyms: Groups = (),
    ) -> dict[str, Counter[str]]:
        """How many of the articles that `search` finds have which label, by field; exact up to MAX_COUNTED chunks."""
        searcher = self._index.searcher()
        asked = Asking(self._schema, searcher).ask(text, _filters(org_id, language, tags, stage), synonyms)
        counts: dict[str, Counter[str]] = {field: Counter() for field in FACETS}
        if asked is None:
            return counts
        seen: set[str] = set()
        for _, address in searcher.search(asked.query, MAX_COUNTED, count=False).hits:
            document = searcher.doc(address)
            key = str(document.get_first("article"))
            if key not in seen:
                seen.add(key)
                for field in FACETS:
                    counts[field].update(map(str, document.get_all(field)))
        return counts

    def fitting(self, org_id: OrgId, situation: Situation, text: str, *, limit: int) -> list[Hit]:
        """The articles labelled for a situation or sharing a term with `text`, most labels first, then by words."""
        labels = {
            "stage": situation.stage,
            "product": situation.product_line and _label(situation.product_line),
            "industry": situation.industry and _label(situation.industry),
            "competitor": situation.competitor and _label(situation.competitor),
        }
        searcher = self._index.searcher()
        given = [(field, value) for field, value in labels.items() if value]
        asked = Asking(self._schema, searcher).fit(text, ("org", str(org_id)), given)
        return [] if asked is None else self._best(searcher, asked, min(limit, MAX_HITS))

    def _best(self, searcher: tantivy.Searcher, asked: Asked, limit: int) -> list[Hit]:
        fetch = limit * 4
        while True:
            chunks = searcher.search(asked.query, fetch, count=False).hits
            found = _best_per_article(searcher, chunks)
            if len(found) >= limit or len(chunks) < fetch:
                break
            fetch *= 4
        best = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))[:limit]
        return [_hit(key, passage, asked) for key, passage in best]

    def _write(self, articles: Iterable[Article], *, from_nothing: bool) -> None:
        with self._writing:
            writer = self._index.writer(_WRITER_BYTES, 1)
            # Not the writer's own context manager: it commits half of the work when an exception passes.
            try:
                if from_nothing:
                    writer.delete_all_documents()
                for article in articles:
                    if not from_nothing:
                        writer.delete_documents_by_term("article", _storable(article.id))
                    if article.state is ArticleState.PUBLISHED:
                        for document in _documents(article):
                            writer.add_document(document)
                writer.commit()
            except BaseException:
                writer.rollback()
                raise
            finally:
                writer.wait_merging_threads()
            self._index.reload()


@dataclass(slots=True)
class _Found:
    score: float
    text: str
    """Of the best chunk: a piece of the body, or its opening when that chunk is a name."""
    body: str | None
    """The best piece of the body itself."""


def _best_per_article(
    searcher: tantivy.Searcher, chunks: list[tuple[float, tantivy.DocAddress]]
) -> dict[ArticleId, _Found]:
    found: dict[ArticleId, _Found] = {}
    for score, address in chunks:
        document = searcher.doc(address)
        key = ArticleId(str(document.get_first("article")))
        known = found.get(key)
        if known is not None and known.body is not None:
            continue
        text = str(document.get_first("text"))
        body = text if document.get_first("is_body") else None
        if known is None:
            found[key] = _Found(score, text, body)
        else:
            known.body = body
    return found


def _hit(article_id: ArticleId, found: _Found, asked: Asked) -> Hit:
    # A piece of body found by a single character of a word says less than the opening.
    if found.body is not None and (places := _marked(asked, found.body)):
        return Hit(article_id, found.score, found.body, tuple(places))
    return Hit(article_id, found.score, found.text, tuple(_marked(asked, found.text)))


def _marked(asked: Asked, text: str) -> list[tuple[int, int]]:
    meant = asked.also_marked({term.text for term in terms_of(text)}) if asked.slips else frozenset()
    return places_of(asked.marked | meant, text)


def _documents(article: Article) -> Iterable[tantivy.Document]:
    for chunk in chunks_of(article):
        document = tantivy.Document()
        document.add_text("org", _storable(article.org_id))
        document.add_text("article", _storable(article.id))
        document.add_text("language", article.language)
        for tag in article.tags:
            document.add_text("tag", _storable(tag))
        for stage in article.stages:
            document.add_text("stage", _storable(stage))
        for product in article.product_lines:
            document.add_text("product", _storable(product))
        for competitor in article.competitors:
            document.add_text("competitor", _storable(competitor))
        if article.industry is not None:
            document.add_text("industry", _storable(article.industry))
        if not chunk.is_body:
            document.add_text("sounds", " ".join(sounds_of(chunk.searched)))
        document.add_text("terms", " ".join(term.text for term in terms_of(chunk.searched)))
        document.add_text("text", _storable(chunk.text))
        document.add_boolean("is_body", chunk.is_body)
        yield document


def _filters(org_id: OrgId, language: str | None, tags: frozenset[str], stage: str | None) -> list[tuple[str, str]]:
    given = [("org", str(org_id)), *(("tag", tag) for tag in sorted(tags)), ("language", language), ("stage", stage)]
    return [(field, _storable(value)) for field, value in given if value is not None]


def _label(text: str) -> str:
    """As the tokenizer `label` keeps it: what articles are recommended by is compared without regard to case."""
    return _storable(text).lower()


def _storable(text: str) -> str:
    """`text` with a question mark for each lone surrogate, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
