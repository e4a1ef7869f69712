"""A person's own data: handing it out part by part, and erasing who left. Called by schema/personal_data.py.

Nobody reads somebody else's export: positions are not for administrators (domain/access.py, Reach.CHAIN).
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from domain.access import Capability, Scope
from domain.audit import MAX_REASON
from domain.personal_data import EXPORT_LASTS, DataRequestKind, begin, erased
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict
from resolvers.context import Context
from resolvers.once import Facts, Outcome, once
from storage.driver import Document
from storage.people import find_person, save_person
from storage.personal_data import COLLECTION, PARTS, find_request, insert_request, read_part
from storage.reads import Page, PageRequest, Reads
from storage.store import Store

_JSON = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS


async def data_requests(context: Context, request: PageRequest) -> Page:
    """The caller's requests; for who manages people everybody's."""
    reads = _everything(context) if context.me.can(Capability.MANAGE_PEOPLE) else context.reads
    page = await reads.page(COLLECTION, {}, request)
    return replace(page, documents=[_shown(each) for each in page.documents])


async def export_my_data(context: Context, client_key: str) -> Document | Refusal:
    """A request whose parts may be read for a day."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        request = begin(actor.org_id, actor.person_id, DataRequestKind.EXPORT, actor.person_id, context.now)
        return Facts(_shown(await insert_request(store, request)))

    return await once(context, "exportMyData", client_key, {}, act)


async def exported_data(context: Context, request_id: str, part: str, request: PageRequest) -> Page | None:
    """A page of one part of the caller's export; None where there is no such export or part, or its day is over."""
    found = await find_request(context.reads, request_id)
    if found is None or part not in PARTS or not found.is_readable(context.now):
        return None
    page = await read_part(_everything(context), found.owner_id, PARTS[part], replace(request, order=PARTS[part].order))
    return replace(page, documents=[{"_id": each["_id"], "json": as_json(each)} for each in page.documents])


async def erase_person(context: Context, client_key: str, person_id: str, reason: str) -> Document | Refusal:
    """The request that removes everything of who left; nothing says who they were from now on. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        if not reason.strip() or len(reason) > MAX_REASON:
            return InvalidInput("reason", f"must have 1 to {MAX_REASON} characters")
        person = await find_person(store, actor.scope, person_id)
        nobody = NotFound(person_id) if person is None else erased(person, context.now)
        if isinstance(nobody, Refusal):
            return nobody
        if await save_person(store, nobody) is None:
            return VersionConflict(nobody.id, nobody.version - 1)
        kind = DataRequestKind.ERASE_PERSON
        request = begin(nobody.org_id, nobody.id, kind, actor.person_id, context.now)
        return Facts(_shown(await insert_request(store, request)))

    return await once(context, "erasePerson", client_key, {"id": person_id, "reason": reason}, act)


def _everything(context: Context) -> Reads:
    return Reads(context.store, Scope.whole_organization(context.me.org_id))


def _shown(request: Document) -> Document:
    is_export = request["kind"] == DataRequestKind.EXPORT.value
    until = request["requested_at"] + EXPORT_LASTS if is_export else None
    return {**request, "parts": list(PARTS) if is_export else [], "readable_until": until}


def as_json(document: Document) -> str:
    """A stored record for people and programs: times in UTC, numbers as they are."""
    return orjson.dumps(document, default=str, option=_JSON).decode()
