"""A small schema of every shape the protocol edge must handle, and an app around it; independent of the real schema."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from api.documents import Documents
from api.http import GraphQLOverHTTP
from api.limits import Limits
from api.operations import Call, Operations, SignedIn
from api.streams import Streams, StreamSettings
from api.ws import GraphQLTransportWs, SocketSettings
from domain.errors import BadInput, CallerError, FellBehind, Forbidden, RateLimited, Unauthenticated, Unavailable

SECRET = "mongodb://root:hunter2@db"

Raw = NewType("Raw", object)


class LeakyError(Exception):
    """Looks like an error of the caller, but was never meant for one."""

    extensions = {"code": "FORBIDDEN", "password": SECRET}  # noqa: RUF012


def _parse_code(value: Any) -> str:
    if value == "crash":
        raise RuntimeError(SECRET)
    if not (isinstance(value, str) and value.isalpha()):
        raise ValueError("a code is made of letters")
    return value


Code = NewType("Code", str)
raw_scalar = strawberry.scalar(name="Raw", serialize=lambda value: value, parse_value=lambda value: value)
code_scalar = strawberry.scalar(name="Code", serialize=str, parse_value=_parse_code)


@dataclass
class Tally:
    """What the resolvers did, for tests to look at."""

    bumps: int = 0
    cancelled: list[str] = field(default_factory=list)
    closed_streams: int = 0
    contexts: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))


@dataclass
class Context:
    """Numbered, so that a test sees how many were made."""

    number: int
    call: Call
    tally: Tally


Info = strawberry.Info[Context, None]


@strawberry.type
class Item:
    id: int

    @strawberry.field
    def items(self, first: int = 10) -> "list[Item]":
        return [Item(id=number) for number in range(first)]

    @strawberry.field
    def tags(self) -> list[str]:
        return ["a", "b"]

    @strawberry.field
    def page(self, first: int | None = None, last: int | None = None) -> "ItemConnection":
        return ItemConnection(edges=[ItemEdge(node=Item(id=number)) for number in range(first or last or 10)])


@strawberry.type
class ItemEdge:
    node: Item


@strawberry.type
class ItemConnection:
    edges: list[ItemEdge]
    total: int = 0


@strawberry.type
class Query:
    @strawberry.field
    def greeting(self, name: str = "world") -> str:
        return f"Hello, {name}!"

    @strawberry.field
    def greeting_of(self, code: Code) -> str:
        return code

    @strawberry.field
    def must_have(self, count: int = 3) -> int:
        return count

    @strawberry.field
    def whoami(self, info: Info) -> str | None:
        if info.context.call.actor is None:
            raise Unauthenticated
        return str(info.context.call.actor)

    @strawberry.field
    def context_number(self, info: Info) -> int:
        return info.context.number

    @strawberry.field
    def request_id(self, info: Info) -> str:
        return info.context.call.request_id

    @strawberry.field
    def item(self) -> Item:
        return Item(id=1)

    @strawberry.field
    def items(self, first: int = 10) -> list[Item]:
        return [Item(id=number) for number in range(first)]

    @strawberry.field
    def raises(self, kind: str) -> str | None:
        errors: dict[str, Exception] = {
            "unexpected": RuntimeError(SECRET),
            "leaky": LeakyError(SECRET),
            "forbidden": Forbidden(),
            "bad_input": BadInput("kind", "This kind is not known."),
            "rate_limited": RateLimited(30),
            "unavailable": Unavailable(),
            "not_found": CallerError("There is no such thing.", code="NOT_FOUND"),
        }
        raise errors[kind]

    @strawberry.field
    def never_null(self) -> str:
        return None  # type: ignore[return-value]

    @strawberry.field
    def not_a_number(self) -> int | None:
        return SECRET  # type: ignore[return-value]

    @strawberry.field
    def raw(self, kind: str) -> Raw:
        return Raw({"huge": 2**70, "surrogate": "\ud800", "object": object()}[kind])

    @strawberry.field
    async def slow(self, info: Info, seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            info.context.tally.cancelled.append("slow")
            raise
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def sign_in(self, name: str) -> str:
        return f"token {name}"

    @strawberry.mutation
    async def bump(self, info: Info, after_s: float = 0) -> int:
        await asyncio.sleep(after_s)
        info.context.tally.bumps += 1
        return info.context.tally.bumps


@strawberry.type
class Where:
    @strawberry.field
    def context_number(self, info: Info) -> int:
        return info.context.number


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int, every_s: float = 0) -> AsyncGenerator[int, None]:
        try:
            for number in range(1, to + 1):
                await asyncio.sleep(every_s)
                yield number
        finally:
            info.context.tally.closed_streams += 1

    @strawberry.subscription
    async def ticks(self, info: Info) -> AsyncGenerator[Item, None]:
        for number in range(3):
            yield Item(id=number)

    @strawberry.subscription
    async def contexts(self, times: int) -> AsyncGenerator[Where, None]:
        for _ in range(times):
            yield Where()

    @strawberry.subscription
    async def breaks(self, after: int) -> AsyncGenerator[int, None]:
        for number in range(after):
            yield number
        raise RuntimeError(SECRET)

    @strawberry.subscription
    async def refuses(self) -> AsyncGenerator[int, None]:
        raise Forbidden
        yield 1

    @strawberry.subscription
    async def falls_behind(self) -> AsyncGenerator[int, None]:
        yield 1
        raise FellBehind

    @strawberry.subscription
    async def flood(self, info: Info) -> AsyncGenerator[str, None]:
        try:
            while True:
                info.context.tally.bumps += 1
                yield "x" * 100_000
        finally:
            info.context.tally.closed_streams += 1


def tiny_schema() -> Any:
    """The graphql-core schema."""
    config = strawberry.schema.config.StrawberryConfig(scalar_map={Raw: raw_scalar, Code: code_scalar})
    return strawberry.Schema(query=Query, mutation=Mutation, subscription=Subscription, config=config)._schema


@dataclass
class TinyApp:
    """An app with tokens `good`, `short` (ends after 0.6 s), `limited` and `crash`; all others are refused."""

    limits: Limits = field(default_factory=Limits)
    settings: SocketSettings = field(default_factory=SocketSettings)
    timeout_s: float = 20.0
    body_timeout_s: float = 15.0
    documents_size: int = 100
    stream_settings: StreamSettings = field(default_factory=StreamSettings)
    registered: dict[str, str] = field(default_factory=dict)
    registered_only: bool = False
    tally: Tally = field(default_factory=Tally)
    revoked: bool = False
    loop: asyncio.AbstractEventLoop | None = None
    """Where it runs, once it was asked something."""

    def __post_init__(self) -> None:
        self.streams = Streams(self._now, self.stream_settings)

    def build(self) -> Starlette:
        """The ASGI app with `/graphql` for both protocols."""
        documents = Documents(
            tiny_schema(),
            self.limits,
            self.documents_size,
            registered=self.registered,
            registered_only=self.registered_only,
        )
        operations = Operations(documents, self._make_context, timeout_s=self.timeout_s)
        over_http = GraphQLOverHTTP(
            operations,
            self._authenticate,
            self.limits,
            public_mutations=frozenset({"signIn"}),
            body_timeout_s=self.body_timeout_s,
            streams=self.streams,
        )
        over_socket = GraphQLTransportWs(operations, self._authenticate, self._now, self.settings)
        return Starlette(routes=[Route("/graphql", over_http), WebSocketRoute("/graphql", over_socket)])

    def _now(self) -> datetime:
        return datetime.now(UTC)

    async def _authenticate(self, headers: Any) -> SignedIn | None:
        token = headers.get("authorization")
        await asyncio.sleep(0.05 if token == "Bearer good" else 0)
        if token is None:
            return None
        if token == "Bearer good":
            return SignedIn("ann")
        if token == "Bearer short":
            return SignedIn("bob", self._now() + timedelta(seconds=0.6))
        if token == "Bearer limited":
            raise RateLimited(7)
        if token == "Bearer crash":
            raise RuntimeError(SECRET)
        raise Unauthenticated("The token is not valid.")

    async def _make_context(self, call: Call) -> Context:
        self.loop = asyncio.get_running_loop()
        if self.revoked:
            raise Unauthenticated
        return Context(next(self.tally.contexts), call, self.tally)
