"""The limit: Starlette, Motor and orjson written by hand for exactly the measured operations, without GraphQL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from ulid import ULID

from benchmarks.peers.signed_in import keys_from, person_of
from benchmarks.serving_data import OPERATIONS, TEAM
from storage.driver import Document, connect

KEYS = keys_from(os.environ["SIGNING_KEYS"])
DATABASE = connect(os.environ["MONGODB_URI"], os.environ["MONGODB_DATABASE"])
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


async def create(org: str, person: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC).replace(tzinfo=None)
    account = {
        "_id": f"acc_{ULID()}",
        "org_id": org,
        "owner_id": person,
        "team_id": TEAM,
        "name": variables["name"],
        "tier": "B",
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    receipt = {"_id": f"{org}:{person}:createAccount:{variables['key']}", "record": account["_id"], "at": now}

    async def write(session: Any) -> None:
        await DATABASE.collection("accounts", session).insert_one(account)
        await DATABASE.collection("receipts", session).insert_one(receipt)

    if await DATABASE.collection("receipts").find_one({"_id": receipt["_id"]}) is None:
        await DATABASE.transaction(write)
    return {"createAccount": {"id": account["_id"], "name": account["name"], "version": 1}}


RUN = {"lead": one_lead, "list": lead_list, "home": home, "create": create}


async def serve(request: Request) -> Response:
    org, person = person_of(request.headers, KEYS)
    active, _ = await asyncio.gather(
        DATABASE.collection("people").find_one({"_id": person, "org_id": org, "state": "ACTIVE"}), request.body()
    )
    asked = orjson.loads(await request.body())
    if active is None:
        return Response(status_code=401)
    data = await RUN[NAMES[asked["query"]]](org, person, asked.get("variables") or {})
    return Response(orjson.dumps({"data": data}), media_type="application/json")


async def ready(_: Request) -> Response:
    await DATABASE.ping()
    return Response("ok")


app = Starlette(routes=[Route("/graphql", serve, methods=["POST"]), Route("/readyz", ready)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
