"""How far a search index follows the database, kept in the index itself: one commit writes both or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import dumps, loads

import tantivy

from domain.ids import OrgId

_STATE, _REV = "state", "rev"


@dataclass(frozen=True, slots=True)
class Position:
    """`revs`: all that each organization published up to this number is in the index."""

    edition: int = 0
    """Counts how often the content was made anew; each document has the one it belongs to."""
    build: int = 0
    """The database's number of the last time that all indexes were asked to be made anew."""
    is_whole: bool = False
    """Whether this edition was complete once; until then documents of the one before answer too."""
    revs: Mapping[OrgId, int] = field(default_factory=dict)


def read_position(schema: tantivy.Schema, searcher: tantivy.Searcher) -> Position:
    """What the index says of itself."""
    state, revs = {"edition": 0, "build": 0, "is_whole": False}, {}
    for kind in (_STATE, _REV):
        query = tantivy.Query.term_query(schema, "position", kind, "basic")
        for _, address in searcher.search(query, max(1, searcher.num_docs), count=False).hits:
            said = loads(str(searcher.doc(address).get_first("text")))
            if kind == _STATE:
                state = said
            else:
                revs[OrgId(said["org"])] = int(said["rev"])
    return Position(int(state["edition"]), int(state["build"]), bool(state["is_whole"]), revs)


def write_position(writer: tantivy.IndexWriter, before: Position, after: Position) -> None:
    """Puts what changed in place of what was said before."""
    if (before.edition, before.build, before.is_whole) != (after.edition, after.build, after.is_whole):
        state = {"edition": after.edition, "build": after.build, "is_whole": after.is_whole}
        _put(writer, _STATE, _STATE, dumps(state))
    for gone in before.revs.keys() - after.revs.keys():
        writer.delete_documents_by_term("article", _key(_REV, gone))
    for org_id, rev in _changed(before.revs, after.revs):
        _put(writer, _REV, org_id, dumps({"org": org_id, "rev": rev}))


def _changed(before: Mapping[OrgId, int], after: Mapping[OrgId, int]) -> Iterator[tuple[OrgId, int]]:
    return ((org_id, rev) for org_id, rev in after.items() if before.get(org_id) != rev)


def _put(writer: tantivy.IndexWriter, kind: str, name: str, text: str) -> None:
    key = _key(kind, name)
    writer.delete_documents_by_term("article", key)
    document = tantivy.Document()
    document.add_text("article", key)
    document.add_text("position", kind)
    document.add_text("text", text)
    writer.add_document(document)


def _key(kind: str, name: str) -> str:
    """No article is called so: their ids have no tilde."""
    return f"~{kind}/{name}"
