"""Copies of everything an organization has, for tests that compare few records with many."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from domain.ids import new_id
from storage import credentials, people, sessions
from storage.driver import DuplicateKeyError
from storage.indexes import INDEXES
from storage.store import Store
from tests.conftest import START

NOT_COPIED = frozenset({people.ORGANIZATIONS, sessions.COLLECTION, credentials.CREDENTIALS, credentials.ATTEMPTS})
"""Who the callers are stays as it is."""


async def add_copies(store: Store, org_id: str, times: int) -> dict[str, int]:
    """Copies every record `times` times, with references between copies; how many were added, by collection.

    What a unique index of ids and days allows once stays one.
    """
    originals = {
        name: [
            each
            for each in await store[name].find({"org_id": org_id}, order=[("_id", 1)], limit=999)
            if each["_id"] != org_id  # of what there is one for each organization
        ]
        for name in INDEXES
        if name not in NOT_COPIED
    }
    stays = {each["_id"] for name in (people.PEOPLE, people.TEAMS) for each in originals[name]}
    added = dict.fromkeys(originals, 0)
    for number in range(times):
        renamed = {
            each["_id"]: new_id(each["_id"][:3], START)
            for documents in originals.values()
            for each in documents
            if isinstance(each["_id"], str) and each["_id"] not in stays
        }
        for name, documents in originals.items():
            unique = _unique_fields(name)
            for each in documents:
                copied = {key: _copied(value, renamed) for key, value in each.items()}
                if each["_id"] in stays:
                    copied["_id"] = new_id(each["_id"][:3], START)
                for key in unique & copied.keys():
                    if isinstance(copied[key], str) and copied[key] == each[key] and copied[key] not in stays:
                        copied[key] = _another(copied[key], number + 1)
                try:
                    await store[name].insert_one(copied)
                except DuplicateKeyError:
                    continue
                added[name] += 1
    return added


def _unique_fields(collection: str) -> set[str]:
    unique = (each.document for each in INDEXES[collection] if each.document.get("unique"))
    return {key for each in unique for key in each["key"]} - {"org_id", "_id"}


def _another(text: str, number: int) -> str:
    try:
        return (date.fromisoformat(text) + timedelta(days=number)).isoformat()
    except ValueError:
        return f"{text}-{number}"


def _copied(value: Any, renamed: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each, renamed) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each, renamed) for each in value]
    return renamed.get(value, value) if isinstance(value, str) else value
