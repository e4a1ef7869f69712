"""The search index over published articles, private to a process and rebuildable; fed by knowledge/follower.py."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_lowercase

import tantivy

from domain.article_ranking import Situation
from domain.articles import Article, ArticleState
from domain.errors import Unavailable
from domain.ids import ArticleId, OrgId
from knowledge.documents import EVERYBODY, FACETS, VERSION, build_schema, documents_of, register_tokenizers, storable
from knowledge.files import FolderTakenError, IndexFiles, is_damage
from knowledge.position import Position, read_position, write_position
from knowledge.queries import Asked, Asking
from knowledge.synonyms import Groups
from knowledge.tokenizer import places_of
from knowledge.vocabulary import Vocabulary

MAX_HITS = 100
MAX_COUNTED = 2_000
MOST_PROCESSES = 64
"""Of one machine that keep an index in the same folder."""
_WRITER_BYTES = 32_000_000


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
    by_meaning: float = 0.0
    """How near, up to 1, what it means is to what was asked, where that alone found it (knowledge/blending.py)."""


class ArticleIndex:
    """Articles of all organizations in one index; one writer at a time, any number of readers, from any thread."""

    def __init__(self, folder: Path | None = None, neighbours: Path | None = None) -> None:
        """In memory, or inside `folder`, where what an earlier process left is used, else what `neighbours` have.

        Raises FolderTakenError while another process uses the folder, or OSError where it cannot be used.
        """
        self._schema = build_schema()
        self._files = IndexFiles(folder, VERSION, neighbours)
        self._writing = threading.Lock()
        self._writer: tantivy.IndexWriter | None = None
        self._is_suspect = self._files.path is not None
        try:
            self._use(self._files.open(self._schema))
        except BaseException as error:
            if not is_damage(error):
                self._files.close()
                raise
            self._use(self._files.open_empty(self._schema))

    @property
    def position(self) -> Position:
        """How far the content follows its source; complete from the first moment where an earlier process left it."""
        return self._position

    @property
    def is_suspect(self) -> bool:
        """Whether `mend` should look at the files: they were found at the start, or something failed over them."""
        return self._is_suspect

    def mend(self) -> bool:
        """Looks through all files, a second for a gigabyte; whether they were damaged, and so all content is gone."""
        with self._writing:
            self._is_suspect = False
            if self._files.are_sound():
                return False
            self._writer = None
            self._use(self._files.open_empty(self._schema))
            return True

    def begin_anew(self, build: int) -> None:
        """From now on every article is to come again; those there are found until then, or until `finish`."""
        edition = self._position.edition + 1
        self._write(lambda _: Position(edition=edition, build=build))

    def finish(self) -> None:
        """All that was published has come: removes what did not come again since `begin_anew`."""

        def write(writer: tantivy.IndexWriter) -> Position:
            self._delete_articles(writer, but_of_edition=True)
            return replace(self._position, is_whole=True)

        self._write(write)

    def replace_all(self, articles: Iterable[Article]) -> None:
        """Make the published ones of `articles` the whole content; readers see the old content until it is done."""

        def write(writer: tantivy.IndexWriter) -> Position:
            self._delete_articles(writer)
            self._add(writer, articles)
            return replace(self._position, is_whole=True)

        self._write(write)

    def apply(self, changed: Iterable[Article], reached: Mapping[OrgId, int] | None = None) -> None:
        """Put each published article in place of its earlier version and remove each one that is not published.

        `reached` says up to which number of an organization all is in the index thereafter.
        """

        def write(writer: tantivy.IndexWriter) -> Position:
            def removed() -> Iterator[Article]:
                for article in changed:
                    writer.delete_documents_by_term("article", storable(article.id))
                    yield article

            self._add(writer, removed())
            return replace(self._position, revs={**self._position.revs, **(reached or {})})

        self._write(write)

    def close(self) -> None:
        """Lets another process have the folder."""
        with self._writing:
            self._writer = None
            self._files.close()

    def search(
        self,
        org_id: OrgId,
        text: str,
        *,
        language: str | None = None,
        tags: frozenset[str] = frozenset(),
        stage: str | None = None,
        teams: Collection[str] | None = None,
        synonyms: Groups = (),
        limit: int = 20,
    ) -> list[Hit]:
        """The organization's articles that share a term with `text` and pass every filter, best first.

        `tags` must all be on the article; with `teams`, it is for everybody or for one of them. Words that no article
        has also find what differs by a letter or two, what sounds the same, and what they spell in pinyin or its
        initials. At most `limit` (and MAX_HITS) hits. Only the first MAX_QUERY_CHARS characters count; without a letter
        or digit among them the answer is empty.
        """
        within = _filters(org_id, language, tags, stage, teams)
        with self._noticing():
            searcher = self._index.searcher()
            asked = Asking(self._schema, searcher, self._vocabulary).ask(text, within, synonyms)
            return [] if asked is None or limit < 1 else self._best(searcher, asked, min(limit, MAX_HITS))

    def openings(
        self,
        org_id: OrgId,
        article_ids: Iterable[ArticleId],
        *,
        language: str | None = None,
        tags: frozenset[str] = frozenset(),
        stage: str | None = None,
        teams: Collection[str] | None = None,
    ) -> dict[ArticleId, str]:
        """How those of the articles begin that `search` with these filters might find."""
        within = _filters(org_id, language, tags, stage, teams)
        found = {}
        with self._noticing():
            searcher = self._index.searcher()
            asking = Asking(self._schema, searcher, self._vocabulary)
            for article_id in article_ids:
                query = asking.passing([("article", (storable(article_id),)), *within])
                # The first of an article's documents is its title, which is shown as the opening of the body.
                for _, address in searcher.search(query, 1, count=False).hits:
                    found[article_id] = str(searcher.doc(address).get_first("text"))
        return found

    def facets(
        self,
        org_id: OrgId,
        text: str,
        *,
        language: str | None = None,
        tags: frozenset[str] = frozenset(),
        stage: str | None = None,
        teams: Collection[str] | None = None,
        synonyms: Groups = (),
    ) -> dict[str, Counter[str]]:
        """How many of the articles that `search` finds have which label, by field; exact up to MAX_COUNTED chunks."""
        within = _filters(org_id, language, tags, stage, teams)
        counts: dict[str, Counter[str]] = {field: Counter() for field in FACETS}
        seen: set[str] = set()
        with self._noticing():
            searcher = self._index.searcher()
            asked = Asking(self._schema, searcher, self._vocabulary).ask(text, within, synonyms)
            hits = [] if asked is None else searcher.search(asked.query, MAX_COUNTED, count=False).hits
            for _, address in hits:
                document = searcher.doc(address)
                key = str(document.get_first("article"))
                if key not in seen:
                    seen.add(key)
                    for field in FACETS:
                        counts[field].update(map(str, document.get_all(field)))
        return counts

    def fitting(
        self,
        org_id: OrgId,
        situation: Situation,
        text: str,
        *,
        teams: Collection[str] | None = None,
        limit: int,
    ) -> list[Hit]:
        """The articles labelled for a situation or sharing a term with `text`, most labels first, then by words."""
        labels = {
            "stage": situation.stage,
            "product": situation.product_line and _label(situation.product_line),
            "industry": situation.industry and _label(situation.industry),
            "competitor": situation.competitor and _label(situation.competitor),
        }
        given = [(field, value) for field, value in labels.items() if value]
        within = _filters(org_id, None, frozenset(), None, teams)
        with self._noticing():
            searcher = self._index.searcher()
            asked = Asking(self._schema, searcher, self._vocabulary).fit(text, within, given)
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

    def _use(self, index: tantivy.Index) -> None:
        register_tokenizers(index)
        self._index = index
        searcher = index.searcher()
        self._position = read_position(self._schema, searcher)
        vocabulary = Vocabulary()
        for letter in ascii_lowercase:
            vocabulary.add(term for term, _ in searcher.terms_with_prefix("terms", letter))
        self._vocabulary = vocabulary

    def _add(self, writer: tantivy.IndexWriter, articles: Iterable[Article]) -> None:
        for article in articles:
            if article.state is ArticleState.PUBLISHED:
                for terms, document in documents_of(article, str(self._position.edition)):
                    writer.add_document(document)
                    self._vocabulary.add(terms)

    def _delete_articles(self, writer: tantivy.IndexWriter, *, but_of_edition: bool = False) -> None:
        kept = [self._term("position", kind) for kind in ("state", "rev")]
        if but_of_edition:
            kept.append(self._term("edition", str(self._position.edition)))
        every = (tantivy.Occur.Must, tantivy.Query.all_query())
        unless = [(tantivy.Occur.MustNot, query) for query in kept]
        writer.delete_documents_by_query(tantivy.Query.boolean_query([every, *unless]))

    def _term(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, "basic")

    def _write(self, write: Callable[[tantivy.IndexWriter], Position]) -> None:
        """All that `write` does, with the position it gives, in one commit; nothing of it where something fails."""
        with self._writing, self._noticing():
            # Kept open: segments are merged beside the next writes, not before readers see this one.
            writer = self._writer = self._writer or self._index.writer(_WRITER_BYTES, 1)
            try:
                after = write(writer)
                write_position(writer, self._position, after)
                writer.commit()
            except BaseException:
                self._writer = None
                with suppress(ValueError):
                    writer.rollback()
                raise
            self._index.reload()
            self._position = after

    @contextmanager
    def _noticing(self) -> Iterator[None]:
        """Raises Unavailable in place of what damaged files cause, among other things."""
        try:
            yield
        except BaseException as error:
            if not is_damage(error):
                raise
            self._is_suspect = True
            raise Unavailable from error


def in_free_folder(parent: Path) -> ArticleIndex:
    """An index in the first numbered folder of `parent` that no process has, so mostly one that is there already.

    Raises FolderTakenError where there are too many processes, or OSError.
    """
    for number in range(MOST_PROCESSES):
        with suppress(FolderTakenError):
            return ArticleIndex(parent / str(number), parent)
    raise FolderTakenError(str(parent))


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
    if found.body is not None and (places := places_of(asked.marked, found.body)):
        return Hit(article_id, found.score, found.body, tuple(places))
    return Hit(article_id, found.score, found.text, tuple(places_of(asked.marked, found.text)))


def _filters(
    org_id: OrgId, language: str | None, tags: frozenset[str], stage: str | None, teams: Collection[str] | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Fields with the values of which an article must have one."""
    given = [("org", str(org_id)), *(("tag", tag) for tag in sorted(tags)), ("language", language), ("stage", stage)]
    within: list[tuple[str, tuple[str, ...]]]
    within = [(field, (storable(value),)) for field, value in given if value is not None]
    return within if teams is None else [*within, ("team", (EVERYBODY, *map(storable, sorted(teams))))]


def _label(text: str) -> str:
    """As the tokenizer `label` keeps it: what articles are recommended by is compared without regard to case."""
    return storable(text).lower()
