"""The limit: Starlette, Motor and orjson written by hand for exactly the measured operations, without GraphQL.

It has the duties of ours that such a server has: the token, gzip for whoever asks, a counter for metrics. With
CHECK_SESSIONS=1 it also looks at each request whether person and session still stand, as ours does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jwt
import orjson
import uvicorn
from prometheus_client import Counter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.arrival import Refused, check_in
from benchmarks.peers.records import open_database
from benchmarks.peers.signed_in import claims_of, keys_from
from benchmarks.serving_data import OPERATIONS
from storage.driver import Document

KEYS = keys_from(os.environ["SIGNING_KEYS"])
DATABASE = open_database()
CHECK_SESSIONS = os.environ.get("CHECK_SESSIONS") == "1"
REQUESTS = Counter("requests", "Requests by operation.", ["operation"])
NAMES = {text: name for name, text in OPERATIONS.items()}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


async def _by_id(collection: str, org: str, ids: Sequence[str]) -> dict[str, Document]:
    wanted = list(dict.fromkeys(each for each in ids if each))
    if not wanted:
        return {}
    found = await DATABASE.collection(collection).find({"_id": {"$in": wanted}, "org_id": org}, limit=len(wanted))
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


async def one_lead(org: str, person: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    query = {"_id": variables["id"], "org_id": org, "owner_id": person}
    found = await DATABASE.collection("leads").find_one(query)
    return {"lead": found and {**_lead(found), "version": found["version"]}}


async def lead_list(org: str, person: str, _: Mapping[str, Any]) -> dict[str, Any]:
    leads = await DATABASE.collection("leads").find({"org_id": org, "owner_id": person}, order=[("_id", -1)], limit=51)
    leads = leads[:50]
    owners, accounts = await asyncio.gather(
        _by_id("people", org, [each["owner_id"] for each in leads]),
        _by_id("accounts", org, [each["account_id"] for each in leads]),
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


async def home(org: str, person: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    since, before = (datetime.fromisoformat(variables[key]).replace(tzinfo=None) for key in ("from", "before"))
    scope = {"org_id": org, "owner_id": person}
    visits, leads = await asyncio.gather(
        DATABASE.collection("visits").find(
            {**scope, "scheduled_at": {"$gte": since, "$lt": before}},
            order=[("scheduled_at", 1), ("_id", 1)],
            limit=21,
        ),
        DATABASE.collection("leads").find(scope, order=[("sla_due_at", 1), ("_id", 1)], limit=11),
    )
    visits, leads = visits[:20], leads[:10]
    accounts, check_ins, owners = await asyncio.gather(
        _by_id("accounts", org, [each["account_id"] for each in visits]),
        _by_id("check_ins", org, [each.get("last_check_in_id") or "" for each in visits]),
        _by_id("people", org, [each["owner_id"] for each in leads]),
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


async def arrive(org: str, person: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    try:
        made = await check_in(DATABASE, org, person, variables["key"], variables["input"])
    except Refused as refusal:
        return {"checkIn": {"__typename": refusal.kind, "code": refusal.code, "message": refusal.code}}
    visit = await DATABASE.collection("visits").find_one({"_id": made["visit_id"], "org_id": org, "owner_id": person})
    return {
        "checkIn": {
            "__typename": "CheckIn",
            "id": made["_id"],
            "verdict": made["verdict"],
            "distanceM": made["distance_m"],
            "visit": _part(visit, ["state", "version"]),
        }
    }


RUN = {"lead": one_lead, "list": lead_list, "home": home, "checkin": arrive}


async def _stands(org: str, person: str, session_id: str) -> bool:
    known, session = await asyncio.gather(
        DATABASE.collection("people").find_one({"_id": person, "org_id": org, "state": "ACTIVE"}),
        DATABASE.collection("sessions").find_one({"_id": session_id, "owner_id": person, "state": "ACTIVE"}),
    )
    return known is not None and session is not None


async def serve(request: Request) -> Response:
    try:
        claims = claims_of(request.headers, KEYS)
    except (jwt.PyJWTError, KeyError):
        return Response(status_code=401)
    org, person = claims["org"], claims["sub"]
    if CHECK_SESSIONS and not await _stands(org, person, claims["sid"]):
        return Response(status_code=401)
    asked = orjson.loads(await request.body())
    name = NAMES[asked["query"]]
    REQUESTS.labels(name).inc()
    data = await RUN[name](org, person, asked.get("variables") or {})
    return Response(orjson.dumps({"data": data}), media_type="application/json")


async def ready(_: Request) -> Response:
    await DATABASE.ping()
    return Response("ok")


app = Starlette(
    routes=[Route("/graphql", serve, methods=["POST"]), Route("/readyz", ready)],
    middleware=[Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)],
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
