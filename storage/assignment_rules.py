"""Assignment tables, one current version and all earlier ones, and whose turn it is within each rule."""

from __future__ import annotations

from dataclasses import replace

from domain.assignment import Turns, turns_id
from domain.assignment_rules import AssignmentTable
from domain.ids import OrgId
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.store import Store

TABLES = "assignment_tables"
VERSIONS = "assignment_table_versions"
TURNS = "assignment_turns"
INDEXES = [IndexModel([("org_id", 1), ("version", -1)], name="by_version")]
"""Requests find all three by `_id`; this is for whoever looks at the history."""


async def find_table(store: Store, org_id: OrgId, version: int | None = None) -> AssignmentTable | None:
    """The current table, or an earlier version of it."""
    if version is None:
        found = await store[TABLES].find_one({"_id": org_id})
    else:
        found = await store[VERSIONS].find_one({"_id": _version_id(org_id, version)})
    if found is None:
        return None
    return replace(decode(AssignmentTable, found), id=org_id)


async def current_table(store: Store, org_id: OrgId) -> AssignmentTable:
    """The current table; version 0 without rules until one is saved."""
    return await find_table(store, org_id) or AssignmentTable(org_id, org_id)


async def save_table(store: Store, table: AssignmentTable) -> Document | None:
    """Saves version n over version n - 1, keeps a copy and begins the turns of new rules; None where beaten."""
    document = encode(table)
    if table.version > 1:
        guard = {"_id": table.id, "version": table.version - 1}
        if not await store[TABLES].replace_one(guard, document):
            return None
    else:
        await store[TABLES].insert_one(document)
    await store[VERSIONS].insert_one({**document, "_id": _version_id(table.org_id, table.version)})
    wanted = [turns_id(table.org_id, rule.key) for rule in table.rules]
    known = await store[TURNS].find({"_id": {"$in": wanted}}, limit=max(1, len(wanted)), projection={"_id": 1})
    fresh = [each for each in wanted if each not in {row["_id"] for row in known}]
    await store[TURNS].insert_many([encode(Turns(each, table.org_id)) for each in fresh])
    return document


async def find_turns(store: Store, org_id: OrgId, rule_key: str) -> Turns:
    """Whose turn it is within the rule."""
    wanted = turns_id(org_id, rule_key)
    found = await store[TURNS].find_one({"_id": wanted})
    return Turns(wanted, org_id) if found is None else decode(Turns, found)


async def save_turns(store: Store, turns: Turns) -> bool:
    """Saves version n over version n - 1; False where another lead was given by the rule meanwhile."""
    guard = {"_id": turns.id, "version": turns.version - 1}
    return bool(await store[TURNS].replace_one(guard, encode(turns)))


def _version_id(org_id: OrgId, version: int) -> str:
    return f"{org_id}:{version}"
