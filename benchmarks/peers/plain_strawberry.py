"""The peer: Strawberry as its documentation shows it, with classes, resolvers and DataLoaders, on the same records."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from benchmarks.peers.arrival import Refused, check_in
from benchmarks.peers.records import open_database
from benchmarks.peers.signed_in import claims_of, keys_from
from storage.driver import Document

KEYS = keys_from(os.environ["SIGNING_KEYS"])
DATABASE = open_database()


class Context(dict[str, Any]):
    """Who asks, and the loaders of one request."""


def loader(collection: str, org: str, make: Any) -> DataLoader[str, Any]:
    async def load(ids: list[str]) -> Sequence[Any]:
        query = {"_id": {"$in": ids}, "org_id": org}
        found = {each["_id"]: each for each in await DATABASE.collection(collection).find(query, limit=len(ids))}
        return [make(found[each]) if each in found else None for each in ids]

    return DataLoader(load_fn=load)


@strawberry.type
class Person:
    id: strawberry.ID
    name: str

    @classmethod
    def of(cls, document: Document) -> "Person":
        return cls(id=document["_id"], name=document["name"])


@strawberry.type
class Account:
    id: strawberry.ID
    name: str
    tier: str
    phone: str | None
    version: int

    @classmethod
    def of(cls, document: Document) -> "Account":
        return cls(
            id=document["_id"],
            name=document["name"],
            tier=document["tier"],
            phone=document.get("phone"),
            version=document["version"],
        )


@strawberry.type
class CheckIn:
    id: strawberry.ID
    verdict: str
    distance_m: float
    visit_id: strawberry.Private[str]

    @classmethod
    def of(cls, document: Document) -> "CheckIn":
        return cls(
            id=document["_id"],
            verdict=document["verdict"],
            distance_m=document["distance_m"],
            visit_id=document["visit_id"],
        )

    @strawberry.field
    async def visit(self, info: strawberry.Info) -> Annotated["Visit", strawberry.lazy(__name__)] | None:
        visit: Visit | None = await info.context["visits"].load(self.visit_id)
        return visit


@strawberry.type
class Lead:
    id: strawberry.ID
    name: str
    tier: str
    stage: str
    sla_due_at: datetime | None
    red_flag: bool
    version: int
    owner_id: strawberry.Private[str | None]
    account_id: strawberry.Private[str | None]

    @classmethod
    def of(cls, document: Document) -> "Lead":
        return cls(
            id=document["_id"],
            name=document["name"],
            tier=document["tier"],
            stage=document["stage"],
            sla_due_at=document.get("sla_due_at"),
            red_flag=document["red_flag"],
            version=document["version"],
            owner_id=document.get("owner_id"),
            account_id=document.get("account_id"),
        )

    @strawberry.field
    async def owner(self, info: strawberry.Info) -> Person | None:
        return await info.context["people"].load(self.owner_id) if self.owner_id else None

    @strawberry.field
    async def account(self, info: strawberry.Info) -> Account | None:
        return await info.context["accounts"].load(self.account_id) if self.account_id else None


@strawberry.type
class Visit:
    id: strawberry.ID
    state: str
    scheduled_at: datetime
    planned_start_at: datetime | None
    planned_end_at: datetime | None
    account_id: strawberry.Private[str]
    version: int
    last_check_in_id: strawberry.Private[str | None]

    @classmethod
    def of(cls, document: Document) -> "Visit":
        return cls(
            id=document["_id"],
            state=document["state"],
            scheduled_at=document["scheduled_at"],
            planned_start_at=document.get("planned_start_at"),
            planned_end_at=document.get("planned_end_at"),
            account_id=document["account_id"],
            version=document["version"],
            last_check_in_id=document.get("last_check_in_id"),
        )

    @strawberry.field
    async def account(self, info: strawberry.Info) -> Account | None:
        account: Account | None = await info.context["accounts"].load(self.account_id)
        return account

    @strawberry.field
    async def last_check_in(self, info: strawberry.Info) -> CheckIn | None:
        return await info.context["check_ins"].load(self.last_check_in_id) if self.last_check_in_id else None


@strawberry.type
class LeadPage:
    nodes: list[Lead]


@strawberry.type
class VisitPage:
    nodes: list[Visit]


@strawberry.enum
class LeadOrder(Enum):
    NEWEST = "-_id"
    DUE = "sla_due_at"


@strawberry.enum
class VisitOrder(Enum):
    SOONEST = "scheduled_at"


@strawberry.input
class VisitFilter:
    scheduled_from: datetime
    scheduled_before: datetime


@strawberry.enum
class Datum(Enum):
    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


@strawberry.input
class CheckInInput:
    id: strawberry.ID
    site_id: strawberry.ID
    visit_id: strawberry.ID
    latitude: float
    longitude: float
    datum: Datum
    accuracy_m: float
    captured_at: datetime


@strawberry.interface
class Refusal:
    code: str
    message: str


@strawberry.type
class NotFound(Refusal):
    pass


@strawberry.type
class WrongState(Refusal):
    pass


@strawberry.type
class VisitAlreadyOpen(Refusal):
    pass


@strawberry.type
class OutsideGeofence(Refusal):
    pass


REFUSALS = {each.__name__: each for each in (NotFound, WrongState, VisitAlreadyOpen, OutsideGeofence)}
CheckInResult = Annotated[
    CheckIn | NotFound | WrongState | VisitAlreadyOpen | OutsideGeofence, strawberry.union("CheckInResult")
]


def _naive(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)


@strawberry.type
class Query:
    @strawberry.field
    async def lead(self, info: strawberry.Info, id: strawberry.ID) -> Lead | None:  # noqa: A002
        found = await DATABASE.collection("leads").find_one({"_id": id, **info.context["scope"]})
        return Lead.of(found) if found else None

    @strawberry.field
    async def leads(self, info: strawberry.Info, first: int, order: LeadOrder) -> LeadPage:
        path, way = order.value.lstrip("-"), -1 if order.value.startswith("-") else 1
        sort = [(path, way)] if path == "_id" else [(path, way), ("_id", way)]
        found = await DATABASE.collection("leads").find(info.context["scope"], order=sort, limit=first + 1)
        return LeadPage(nodes=[Lead.of(each) for each in found[:first]])

    @strawberry.field
    async def visits(
        self,
        info: strawberry.Info,
        first: int,
        order: VisitOrder,
        filter: VisitFilter,  # noqa: A002
    ) -> VisitPage:
        between = {"$gte": _naive(filter.scheduled_from), "$lt": _naive(filter.scheduled_before)}
        query = {**info.context["scope"], "scheduled_at": between}
        sort = [(order.value, 1), ("_id", 1)]
        found = await DATABASE.collection("visits").find(query, order=sort, limit=first + 1)
        return VisitPage(nodes=[Visit.of(each) for each in found[:first]])


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def check_in(
        self,
        info: strawberry.Info,
        client_key: str,
        input: CheckInInput,  # noqa: A002
    ) -> CheckInResult:
        scope = info.context["scope"]
        given = {
            "id": input.id,
            "siteId": input.site_id,
            "visitId": input.visit_id,
            "latitude": input.latitude,
            "longitude": input.longitude,
            "datum": input.datum.value,
            "accuracyM": input.accuracy_m,
            "capturedAt": input.captured_at.isoformat(),
        }
        try:
            return CheckIn.of(await check_in(DATABASE, scope["org_id"], scope["owner_id"], client_key, given))
        except Refused as refusal:
            return REFUSALS[refusal.kind](code=refusal.code, message=refusal.code)


class SignedInGraphQL(GraphQL[Context, None]):
    """The documented ASGI view with the same check of the caller as the real server."""

    async def get_context(self, request: Any, response: Any) -> Context:  # noqa: ARG002
        claims = claims_of(request.headers, KEYS)
        org, person = claims["org"], claims["sub"]
        return Context(
            scope={"org_id": org, "owner_id": person},
            people=loader("people", org, Person.of),
            accounts=loader("accounts", org, Account.of),
            check_ins=loader("check_ins", org, CheckIn.of),
            visits=loader("visits", org, Visit.of),
        )


async def ready(_: Request) -> Response:
    await DATABASE.ping()
    return Response("ok")


view = SignedInGraphQL(strawberry.Schema(Query, Mutation))
app = Starlette(routes=[Route("/readyz", ready), Route("/graphql", view, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning", access_log=False)
