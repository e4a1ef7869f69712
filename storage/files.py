"""What is known of files, beside their bytes (storage/blobs.py): the codec and what leads and gates ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.access import Scope
from domain.articles import Article
from domain.files import File, FileKind
from domain.ids import LeadId, OrgId, PersonId, TeamId
from domain.leads import Lead
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "files"
INDEXES = [
    IndexModel([("lead_id", 1), ("uploaded_at", -1), ("_id", -1)], name="by_lead"),
    IndexModel([("account_id", 1), ("uploaded_at", -1), ("_id", -1)], name="by_account"),
    IndexModel([("visit_id", 1), ("uploaded_at", -1), ("_id", -1)], name="by_visit"),
    IndexModel([("kind", 1), ("uploaded_at", 1), ("visit_id", 1)], name="by_age"),
]


async def find_file(store: Store, scope: Scope, file_id: str) -> File | None:
    """The file in scope."""
    found = await Reads(store, scope).find(COLLECTION, file_id)
    return None if found is None else decode(File, found)


async def find_attached(store: Store, org_id: OrgId, file_id: str) -> File | None:
    """A file handed in for an article; whoever asks looks whether the article shows it."""
    found = await store[COLLECTION].find_one({"_id": file_id, "org_id": org_id, "article_id": {"$gt": ""}})
    return None if found is None else decode(File, found)


async def list_attached(store: Store, article: Article, file_ids: Sequence[str]) -> dict[str, File]:
    """Those of the files that were handed in for the article."""
    query: Document = {"_id": {"$in": list(file_ids)}, "org_id": article.org_id, "article_id": article.id}
    found = await store[COLLECTION].find(query, limit=max(1, len(file_ids)))
    return {each["_id"]: decode(File, each) for each in found}


async def insert_file(store: Store, file: File) -> Document:
    """Raises DuplicateKeyError where the id is taken."""
    document = encode(file)
    await store[COLLECTION].insert_one(document)
    return document


async def has_file(store: Store, lead_id: str, kind: FileKind) -> bool:
    """Whether a file of that kind is stored for the lead, whoever may see it."""
    return await store[COLLECTION].find_one({"lead_id": lead_id, "kind": kind.value}, {"_id": 1}) is not None


async def hand_over_files(
    store: Store, key: str, record_id: str, holder_id: PersonId | None, team_id: TeamId | None
) -> None:
    """Gives the files of a lead or visit (`key`: lead_id, visit_id) to whoever owns it now."""
    await store[COLLECTION].update_many({key: record_id}, {"$set": {"holder_id": holder_id, "team_id": team_id}})


async def move_files(store: Store, from_id: LeadId, to: Lead) -> None:
    """Makes the files of one lead those of another, whose owner and team see them from now on."""
    change: Document = {"$set": {"lead_id": to.id, "holder_id": to.owner_id, "team_id": to.team_id}}
    await store[COLLECTION].update_many({"lead_id": from_id}, change)


async def list_old_photos(store: Store, until: datetime, limit: int) -> list[File]:
    """Photos of visits that were uploaded until then, the oldest first; those of leads and customers stay."""
    query: Document = {"kind": FileKind.PHOTO.value, "uploaded_at": {"$lte": stored_time(until)}}
    query["visit_id"] = {"$gt": ""}
    found = await store[COLLECTION].find(query, order=[("uploaded_at", 1)], limit=limit)
    return [decode(File, each) for each in found]


async def remove_file(store: Store, file: File) -> bool:
    """Forgets what is known of a file whose bytes are gone; False where somebody else did."""
    return await store[COLLECTION].delete_many({"_id": file.id}) == 1
