"""What the hand-written server answers: the reads and the JSON of each measured operation, without GraphQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from benchmarks.peers.arrival import Refused, check_in
from benchmarks.peers.records import open_database
from storage.driver import Document

DATABASE = open_database()
_TEXT_MAX = 200
_OWNED = frozenset({"leads", "visits", "check_ins"})
_DATUMS = frozenset({"WGS84", "GCJ02", "BD09"})


class InvalidVariableError(Exception):
    """A variable is missing or not of its kind; the message says which."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what of a collection they may see."""

    org: str
    person: str
    team: str
    is_rep: bool

    def reach(self, collection: str) -> Document:
        """The filter that every read begins with: a rep's own records, else those of the team."""
        if self.is_rep and collection in _OWNED:
            return {"org_id": self.org, "owner_id": self.person}
        return {"org_id": self.org, "team_id": {"$in": [self.team]}}


def text(variables: Mapping[str, Any], name: str) -> str:
    """A short text. Raises InvalidVariableError."""
    value = variables.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX:
        raise InvalidVariableError(f"`{name}` must be a text.")
    return value


def moment(variables: Mapping[str, Any], name: str) -> datetime:
    """A time with an offset, as naive UTC. Raises InvalidVariableError."""
    try:
        value = datetime.fromisoformat(text(variables, name))
    except ValueError as error:
        raise InvalidVariableError(f"`{name}` must be a time.") from error
    if value.tzinfo is None:
        raise InvalidVariableError(f"`{name}` must be a time with an offset.")
    return value.astimezone(UTC).replace(tzinfo=None)


def number(variables: Mapping[str, Any], name: str, least: float, most: float) -> float:
    """A finite number within bounds. Raises InvalidVariableError."""
    value = variables.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidVariableError(f"`{name}` must be a number.")
    if not least <= value <= most:
        raise InvalidVariableError(f"`{name}` must be from {least} to {most}.")
    return float(value)


def _evidence(variables: Mapping[str, Any]) -> dict[str, Any]:
    given = variables.get("input")
    if not isinstance(given, dict):
        raise InvalidVariableError("`input` must be an object.")
    datum = text(given, "datum")
    if datum not in _DATUMS:
        raise InvalidVariableError("`datum` is not known.")
    moment(given, "capturedAt")
    return {
        "id": text(given, "id"),
        "siteId": text(given, "siteId"),
        "visitId": text(given, "visitId"),
        "latitude": number(given, "latitude", -90, 90),
        "longitude": number(given, "longitude", -180, 180),
        "datum": datum,
        "accuracyM": number(given, "accuracyM", 0, 100_000),
        "capturedAt": given["capturedAt"],
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


async def _by_id(collection: str, caller: Caller, ids: Sequence[str]) -> dict[str, Document]:
    wanted = list(dict.fromkeys(each for each in ids if each))
    if not wanted:
        return {}
    query = {"_id": {"$in": wanted}, **caller.reach(collection)}
    found = await DATABASE.collection(collection).find(query, limit=len(wanted))
    return {each["_id"]: each for each in found}


def _lead(lead: Document) -> dict[str, Any]:
    return {
        "id": lead["_id"],
        "name": lead["name"],
        "tier": lead["tier"],
        "stage": lead["stage"],
        "slaDueAt": _time(lead.get("sla_due_at")),
        "redFlag": lead["red_flag"],
    }


def _part(document: Document | None, names: Sequence[str]) -> dict[str, Any] | None:
    return None if document is None else {"id": document["_id"], **{name: document.get(name) for name in names}}


async def one_lead(caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any]:
    """One lead."""
    query = {"_id": text(variables, "id"), **caller.reach("leads")}
    found = await DATABASE.collection("leads").find_one(query)
    return {"lead": found and {**_lead(found), "version": found["version"]}}


async def lead_list(caller: Caller, _: Mapping[str, Any]) -> dict[str, Any]:
    """A page of 50 leads with owner and account."""
    leads = await DATABASE.collection("leads").find(caller.reach("leads"), order=[("_id", -1)], limit=51)
    leads = leads[:50]
    owners, accounts = await asyncio.gather(
        _by_id("people", caller, [each["owner_id"] for each in leads]),
        _by_id("accounts", caller, [each["account_id"] for each in leads]),
    )
    nodes = [
        {
            **_lead(each),
            "owner": _part(owners.get(each["owner_id"]), ["name"]),
            "account": _part(accounts.get(each["account_id"]), ["name", "tier"]),
        }
        for each in leads
    ]
    return {"leads": {"nodes": nodes}}


async def home(caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any]:
    """20 visits with account and last check-in, 10 leads with owner."""
    since, before = (moment(variables, key) for key in ("from", "before"))
    visits, leads = await asyncio.gather(
        DATABASE.collection("visits").find(
            {**caller.reach("visits"), "scheduled_at": {"$gte": since, "$lt": before}},
            order=[("scheduled_at", 1), ("_id", 1)],
            limit=21,
        ),
        DATABASE.collection("leads").find(caller.reach("leads"), order=[("sla_due_at", 1), ("_id", 1)], limit=11),
    )
    visits, leads = visits[:20], leads[:10]
    accounts, check_ins, owners = await asyncio.gather(
        _by_id("accounts", caller, [each["account_id"] for each in visits]),
        _by_id("check_ins", caller, [each.get("last_check_in_id") or "" for each in visits]),
        _by_id("people", caller, [each["owner_id"] for each in leads]),
    )
    return {
        "visits": {
            "nodes": [
                {
                    "id": each["_id"],
                    "state": each["state"],
                    "scheduledAt": _time(each["scheduled_at"]),
                    "plannedStartAt": _time(each["planned_start_at"]),
                    "plannedEndAt": _time(each["planned_end_at"]),
                    "account": _part(accounts.get(each["account_id"]), ["name", "phone"]),
                    "lastCheckIn": _check_in(check_ins.get(each.get("last_check_in_id") or "")),
                }
                for each in visits
            ]
        },
        "leads": {"nodes": [{**_lead(each), "owner": _part(owners.get(each["owner_id"]), ["name"])} for each in leads]},
    }


def _check_in(document: Document | None) -> dict[str, Any] | None:
    return (
        None
        if document is None
        else {
            "id": document["_id"],
            "verdict": document["verdict"],
            "distanceM": document["distance_m"],
        }
    )


async def arrive(caller: Caller, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The check-in and its visit, or the refusal."""
    try:
        key, sites = text(variables, "key"), caller.reach("sites")
        made = await check_in(DATABASE, caller.org, caller.person, key, _evidence(variables), sites)
    except Refused as refusal:
        return {"checkIn": {"__typename": refusal.kind, "code": refusal.code, "message": refusal.code}}
    visit = await DATABASE.collection("visits").find_one({"_id": made["visit_id"], **caller.reach("visits")})
    return {
        "checkIn": {
            "__typename": "CheckIn",
            "id": made["_id"],
            "verdict": made["verdict"],
            "distanceM": made["distance_m"],
            "visit": _part(visit, ["state", "version"]),
        }
    }


ANSWERS: dict[str, Callable[[Caller, Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
    "lead": one_lead,
    "list": lead_list,
    "home": home,
    "checkin": arrive,
}
