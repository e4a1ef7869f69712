"""Writes everything that is kept of one person into a file; `python -m seed export-person` calls it.

For who cannot sign in any more. Who is asked has to make sure that it is the person who asks: the file holds positions,
which no administrator may see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from domain.access import Scope
from domain.audit import AuditEntry
from domain.ids import AuditEntryId, OrgId, PersonId, new_id
from domain.personal_data import DataRequestKind, begin
from resolvers.personal_data import as_json
from storage.audit import insert_entry
from storage.driver import Document
from storage.people import PEOPLE
from storage.personal_data import PARTS, Part, insert_request, read_part
from storage.reads import PageRequest, Reads
from storage.store import Store

BATCH = 200


async def find_anybody(store: Store, person_id: str) -> Document | None:
    """The person of any organization."""
    return await store[PEOPLE].find_one({"_id": person_id})


async def note_export(store: Store, person: Document, reason: str, now: datetime) -> None:
    """Leaves the request and its line in the audit trail, before anything is read."""
    org_id, person_id = OrgId(person["org_id"]), PersonId(person["_id"])
    entry_id = AuditEntryId(new_id("aud", now))

    async def write(inside: Store) -> None:
        request = await insert_request(inside, begin(org_id, person_id, DataRequestKind.EXPORT, None, now))
        entry = AuditEntry(entry_id, org_id, now, "export-person", None, None, request["owner_id"], reason)
        await insert_entry(inside, entry)

    await store.transaction(write)


async def export_lines(store: Store, person: Document) -> AsyncIterator[str]:
    """One JSON object a line: the part and the record."""
    reads = Reads(store, Scope.whole_organization(person["org_id"]))
    for part in PARTS.values():
        async for record in _records(reads, PersonId(person["_id"]), part):
            yield as_json({"part": part.collection, "record": record})


async def _records(reads: Reads, person_id: PersonId, part: Part) -> AsyncIterator[Document]:
    after: str | None = None
    while True:
        page = await read_part(reads, person_id, part, PageRequest(BATCH, after, part.order))
        for document in page.documents:
            yield document
        if not page.has_next:
            return
        after = page.cursor(-1)
