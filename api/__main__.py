"""`python -m api`: serves the API until SIGTERM, then finishes what is in flight."""

from __future__ import annotations

import gc
import socket
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn

from api.app import EdgeSettings, create_app
from api.budget import Rates
from api.connections import ConnectionLimits, PatientProtocol
from api.console import BaseMap, documents
from api.limits import Limits
from api.metrics import Tally
from api.persisted import PersistedDocumentsError, read_manifest
from api.socket_protocol import SocketProtocol
from api.streams import Streams
from resolvers.services import VerifyFirebase
from storage.store import Store
from wiring.logging import configure_logging
from wiring.services import build_services, build_store
from wiring.settings import Settings, load_settings

MAX_FRAME_BYTES = 1_000_000
_COLLECT_AT = (5_000, 5, 3)
"""New objects before the youngest are looked through for cycles, and how many such looks come before deeper ones: as
often as by default for all objects, so that what closed sockets leave does not pile up."""
_NOT_STARTED = 3
"""Exit status where the port is taken, as the server's own command has it."""


def edge_settings(settings: Settings) -> EdgeSettings:
    """The part of the settings that the HTTP edge needs."""
    return EdgeSettings(
        limits=Limits(
            max_tokens=settings.limit_tokens,
            max_depth=settings.limit_depth,
            max_aliases=settings.limit_aliases,
            max_cost=settings.limit_cost,
            max_page=settings.limit_page,
            max_body_bytes=settings.max_body_bytes,
            introspection=settings.introspection,
            suggestions=settings.introspection,
        ),
        rates=Rates(
            user_cost=settings.rate_user_cost_per_minute,
            org_cost=settings.rate_org_cost_per_minute,
            anonymous=settings.rate_anonymous_per_minute,
        ),
        cors_origins=settings.cors_origins,
        operation_timeout_s=settings.operation_timeout_s,
        socket_operations=settings.limit_socket_operations,
        person_subscriptions=settings.limit_person_subscriptions,
        metrics=settings.metrics,
        graphiql=settings.graphiql,
        console=_base_map(settings) if settings.console else None,
        persisted_documents=_registered(settings),
        persisted_only=settings.persisted_only,
        compile_at=2 if settings.compiled else None,
    )


def _base_map(settings: Settings) -> BaseMap:
    return BaseMap(
        settings.map_tiles,
        settings.map_tiles_attribution,
        settings.map_tiles_datum,
        settings.map_tiles_max_zoom,
        settings.map_features,
    )


def _registered(settings: Settings) -> dict[str, str]:
    """The apps' documents and, where these alone are answered, the console's."""
    if settings.persisted_documents is None:
        return {}
    ours = documents() if settings.console and settings.persisted_only else {}
    return ours | read_manifest(settings.persisted_documents)


def main() -> None:
    """Reads the settings and serves."""
    settings = load_settings()
    configure_logging(settings, "api")
    if settings.mongodb_uri is None:
        raise SystemExit("MONGODB_URI is not set: start everything by `make up`, or name a database.")
    serve(settings, build_store(settings, settings.mongodb_uri))


def serve(settings: Settings, store: Store) -> None:
    """Serves the API on a store until SIGTERM; benchmarks hand in a store of their own."""
    services = build_services(settings, store, verify_firebase=_firebase(settings), keeps_index=True)
    try:
        tally = Tally()
        app = create_app(services, edge_settings(settings), tally)
    except PersistedDocumentsError as error:
        reason = str(error).replace("\n", "\n  ")
        raise SystemExit(f"PERSISTED_DOCUMENTS cannot be used ({settings.persisted_documents}):\n  {reason}") from error
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=cast("Any", partial(PatientProtocol, _connection_limits(settings), tally)),
        ws=SocketProtocol,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ws_max_size=MAX_FRAME_BYTES,
        timeout_graceful_shutdown=int(settings.shutdown_s),
        lifespan="on",
    )
    server = ApiServer(config, app.state.streams)
    # What has been loaded stays: the collector need not go through it again and again.
    gc.freeze()
    # An answer is made of thousands of objects that no cycle holds: looking for cycles every 700 cost a tenth of it.
    gc.set_threshold(*_COLLECT_AT)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(_NOT_STARTED)


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(most=settings.limit_connections, head_timeout_s=settings.head_timeout_s)


def _firebase(settings: Settings) -> VerifyFirebase | None:
    project = settings.firebase_project_id
    if project is None:
        return None
    from api.firebase import firebase_verifier  # noqa: PLC0415 - takes as long to load as the schema

    return firebase_verifier(project)


class ApiServer(uvicorn.Server):
    """Ends the open streams before it waits for what is in flight: they would not end by themselves."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.end_all()
        await super().shutdown(sockets)


if __name__ == "__main__":
    main()
