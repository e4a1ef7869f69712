"""The Starlette application: GraphQL over HTTP and WebSocket, health and metrics. Started by api/__main__.py."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from api.article_packs import PATH as PACKS
from api.article_packs import ArticlePacks
from api.auth import authenticate, check_session
from api.budget import Budgets, Rates
from api.compiled import CompiledOperations
from api.console import BaseMap, Console
from api.documents import Documents
from api.exports import PATH as EXPORTS
from api.exports import Exports
from api.files import PATH as FILES
from api.files import Files
from api.graphiql import WithGraphiQL
from api.http import GraphQLOverHTTP
from api.limits import Limits
from api.metering import Metered, MeteredOperations, charge_request
from api.metrics import Tally
from api.operations import Call, SignedIn
from api.streams import Streams
from api.ws import GraphQLTransportWs, SocketSettings
from domain.access import Actor
from resolvers.context import Context
from resolvers.services import Services
from resolvers.time_anchors import issue_anchor
from schema.root import build_schema
from storage.budgets import add_spent
from storage.driver import PyMongoError

PATH: Final = "/graphql"

PUBLIC_MUTATIONS = frozenset({"signIn", "signInWithFirebase", "refreshSession", "acceptInvitation", "resetPassword"})
"""They ignore an Authorization header, so that an expired one cannot keep a phone from signing in again."""

CORS_HEADERS = (
    "authorization",
    "content-type",
    "x-request-id",
    "last-event-id",
    "idempotency-key",
    "apollo-require-preflight",
    "apollographql-client-name",
    "apollographql-client-version",
    "x-apollo-operation-name",
    "x-apollo-operation-type",
    "traceparent",
    "tracestate",
)
"""What the usual clients add by themselves, beside what browsers always may."""


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """What the HTTP edge is told; wiring fills it from the settings."""

    limits: Limits
    rates: Rates = field(default_factory=Rates)
    wall: Callable[[], float] = time.time
    """Seconds since the epoch, for the minutes of the rates; the program's own clock may be a test's."""
    cors_origins: tuple[str, ...] = ()
    operation_timeout_s: float = 30.0
    socket_operations: int = 50
    person_subscriptions: int = 100
    metrics: bool = True
    graphiql: bool = False
    console: BaseMap | None = None
    """What lies beneath the map of the manager's console; None: no console."""
    persisted_documents: Mapping[str, str] = field(default_factory=dict)
    """Registered texts by id."""
    persisted_only: bool = False
    compile_at: int | None = 2
    """At which run an operation is compiled; None: never."""


def create_app(services: Services, edge: EdgeSettings, tally: Tally | None = None) -> Starlette:
    """The application on services that outlive it. A `tally` that others count in too is shown by `/metrics`.

    PersistedDocumentsError where a registered document is not valid.
    """
    documents = Documents(
        build_schema()._schema,
        edge.limits,
        registered=edge.persisted_documents,
        registered_only=edge.persisted_only,
    )

    async def make_context(call: Call) -> Context:
        # A socket or stream outlives the look at its token, so each operation or event asks whether the session stands.
        if call.transport != "http" and call.actor is not None:
            await check_session(services.store, call.actor)
        actor = call.actor
        if actor is not None and call.kind == "subscription":
            # A subscription may outlive what its caller was when the socket opened.
            actor = await services.callers.again(actor)
        return Context(services, actor, call.request_id, client_address=call.client_host or "")

    async def who(headers: Mapping[str, str]) -> SignedIn | None:
        return await authenticate(services, headers)

    tally = tally or Tally()
    registry = CollectorRegistry()
    registry.register(tally)
    budgets = Budgets(
        edge.rates,
        partial(add_spent, services.store),
        lambda actor: (actor.person_id, actor.org_id),
        now_s=edge.wall,
    )
    compiled = None if edge.compile_at is None else CompiledOperations(documents.schema, edge.compile_at)
    operations = MeteredOperations(
        documents,
        make_context,
        budgets,
        tally,
        timeout_s=edge.operation_timeout_s,
        compiled=compiled,
        most_subscriptions=edge.person_subscriptions,
    )
    streams = Streams(services.clock)

    def anchored(actor: Actor) -> Mapping[str, str]:
        return {"x-time-anchor": issue_anchor(services.secrets, actor, services.clock())}

    http = GraphQLOverHTTP(
        operations, who, edge.limits, public_mutations=PUBLIC_MUTATIONS, streams=streams, tell=anchored
    )
    ws = GraphQLTransportWs(
        operations,
        who,
        services.clock,
        SocketSettings(max_operations=edge.socket_operations, origins=_socket_origins(edge.cors_origins)),
    )

    charge = partial(charge_request, budgets)
    files, packs = Files(services, who, charge), ArticlePacks(services, who, charge)
    exports = Exports(services, who, charge)

    async def alive(_: Request) -> Response:
        return _json({"status": "ok"})

    async def ready(_: Request) -> Response:
        try:
            await services.store.database.ping()
        except PyMongoError:
            return _json({"status": "database unreachable"}, 503)
        return _json({"status": "ok"})

    async def metrics(_: Request) -> Response:
        return Response(generate_latest() + generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    routes = [
        WebSocketRoute(PATH, endpoint=Metered(ws, budgets, tally)),
        *(Route(path, Metered(files, budgets, tally)) for path in (FILES, f"{FILES}/{{id}}")),
        Route(PACKS, Metered(packs, budgets, tally)),
        Route(f"{EXPORTS}/{{file}}", Metered(exports, budgets, tally)),
        Route("/healthz", alive),
        Route("/readyz", ready),
        *([Route("/metrics", metrics)] if edge.metrics else []),
        *(Console(edge.console).routes() if edge.console is not None else []),
    ]
    cors = _cors(edge.cors_origins)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with services.running():
            yield

    endpoint: ASGIApp = WithGraphiQL(http) if edge.graphiql else http
    endpoint = Metered(endpoint, budgets, tally)
    for each in cors:
        endpoint = each.cls(endpoint, *each.args, **each.kwargs)
    app = _Application(endpoint, routes=routes, middleware=cors, lifespan=lifespan)
    app.state.streams = streams
    return app


class _Application(Starlette):
    """Goes to the GraphQL endpoint without a router and middlewares in between: it answers every request itself."""

    def __init__(self, endpoint: ASGIApp, **options: Any) -> None:
        super().__init__(**options)
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _cors(origins: tuple[str, ...]) -> list[Middleware]:
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=CORS_HEADERS,
            expose_headers=[
                "x-request-id",
                "x-request-cost",
                "x-time-anchor",
                "etag",
                "retry-after",
                "ratelimit",
                "ratelimit-policy",
            ],
        )
    ]


def _socket_origins(cors_origins: tuple[str, ...]) -> frozenset[str] | None:
    """Browsers do not apply CORS to sockets: the same origins are checked at the handshake, none set means any."""
    return None if not cors_origins or "*" in cors_origins else frozenset(cors_origins)


def _json(body: dict[str, str], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
