"""Everything about a customer in one order of time, one page at a time. Called by schema/timeline.py."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from domain.errors import BadInput
from domain.timeline import ACCOUNT, SOURCES, EntryKind, Source
from resolvers.context import Context
from storage.driver import Document
from storage.reads import Page, PageRequest, Reads, decode_cursor

ORDER = "-at"
"""Newest first; what happened in the same millisecond by descending id, whatever its kind."""
MAX_LEADS = 500
"""Of an account, the newest: activities, notices and files of older ones are left out."""


async def customer_timeline(
    context: Context, account_id: str, request: PageRequest, kinds: Collection[EntryKind]
) -> Page | None:
    """One page; None where the caller does not see the account. Raises BadInput for a cursor of another list.

    Every kind is read under the caller's scope of its own. The number of reads follows from the kinds and from whether
    there is a cursor; those of a step are made side by side.
    """
    reads = context.reads
    after = None if request.after is None else _position(request.after)
    sources = [each for each in SOURCES if not kinds or each.kind in kinds]
    account, leads = await asyncio.gather(
        reads.find("accounts", account_id),
        _lead_ids(reads, account_id, sources),
    )
    if account is None:
        return None
    entries = [_entry(ACCOUNT, account)] if not kinds or EntryKind.ACCOUNT in kinds else []
    if after is not None:
        entries = [each for each in entries if _place(each) < after]
    found = await asyncio.gather(
        *(_entries(reads, each, leads if each.of_leads else [account_id], request.first + 1, after) for each in sources)
    )
    for part in found:
        entries += part
    entries.sort(key=_place, reverse=True)
    shown = entries[: request.first]
    return Page(shown, len(entries) > request.first, after is not None, ORDER, shown)


def _entry(source: Source, record: Document) -> Document:
    return {
        "_id": record["_id"],
        "at": record[source.time],
        "kind": source.kind,
        "record": {**record, "__typename": source.typename},
    }


def _place(entry: Document) -> tuple[datetime, str]:
    return entry["at"], entry["_id"]


def _position(cursor: str) -> tuple[datetime, str]:
    at, record_id = decode_cursor(cursor, ORDER)
    if not isinstance(at, datetime):
        raise BadInput("after", "is not a cursor of this list")
    return at, record_id


async def _lead_ids(reads: Reads, account_id: str, sources: Sequence[Source]) -> list[str]:
    if not any(each.of_leads for each in sources):
        return []
    found = await reads.list("leads", {"account_id": account_id}, limit=MAX_LEADS, projection={"_id": 1})
    return [each["_id"] for each in found]


async def _entries(
    reads: Reads, source: Source, keys: Sequence[str], limit: int, after: tuple[datetime, str] | None
) -> list[Document]:
    """The newest records behind the position; two narrow reads instead of one with `$or`, which no index answers."""
    if not keys:
        return []
    where: Document = {source.key: {"$in": list(keys)} if source.of_leads else keys[0]}
    order = f"-{source.time}"
    if after is None:
        records = await reads.list(source.collection, where, order=order, limit=limit)
    else:
        at, record_id = after
        behind: Document = {source.time: at, "_id": {"$lt": record_id}}
        same_time, earlier = await asyncio.gather(
            reads.list(source.collection, {**where, **behind}, order=order, limit=limit),
            reads.list(source.collection, {**where, source.time: {"$lt": at}}, order=order, limit=limit),
        )
        records = [*same_time, *earlier]
    return [_entry(source, each) for each in records]
