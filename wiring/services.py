"""The one place that connects the parts: settings in, Services out. For entry points and tests."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Executor
from pathlib import Path
from zoneinfo import reset_tzpath

import structlog

from domain.attention import Limits
from domain.bindings import BindingRules
from domain.ids import OrgId
from domain.sessions import SignInRules
from knowledge.files import FolderTakenError
from knowledge.follower import IndexFollower
from knowledge.index import ArticleIndex, in_free_folder
from knowledge.meaning import MODEL, Meaning, open_meaning
from knowledge.nearness import Nearness
from push.channel import Channel
from push.registry import BASE_URLS, PushConfig, WecomAccount, channel_names, open_channels
from push.rooms import NoLimit, Rooms, limits_with
from push.vapid import VapidKey
from resolvers import article_search, map_views, notices, plan_updates
from resolvers.context import Clock
from resolvers.derived_secrets import DerivedSecrets
from resolvers.planner import Planner
from resolvers.services import AppRules, FileStore, Services, VerifyFirebase
from resolvers.tokens import AccessTokens, Callers
from routing.travel_times.source import Engine, TravelSource
from storage.article_vectors import StoredVectors
from storage.articles import StoredArticles
from storage.bindings import bindings_of
from storage.blobs import Blobs, DiskBlobs
from storage.changes import ChangeFeed
from storage.credentials import Passwords
from storage.driver import connect
from storage.outbox import Outbox, registered_devices
from storage.store import Store
from wiring.clock import system_clock
from wiring.settings import Settings, SettingsError
from wiring.signing_keys import load_signing_keys
from wiring.solver_processes import SolverProcesses

_log = structlog.get_logger(__name__)
_ARTICLE_POLL_S = 1.5
"""How often publications of other processes are looked for, seconds; searching shows them within two."""


def build_store(settings: Settings, uri: str) -> Store:
    """A lazy connection to the database at `uri`."""
    return Store(connect(uri, settings.mongodb_database, driver=settings.mongodb_driver))


def _solvers(settings: Settings) -> Executor:
    if settings.dask_scheduler is None:
        return SolverProcesses(settings.plan_workers)
    from wiring.dask_cluster import DaskCluster  # noqa: PLC0415 - an optional extra

    return DaskCluster(settings.dask_scheduler, settings.plan_workers)


def build_services(
    settings: Settings,
    store: Store,
    clock: Clock | None = None,
    verify_firebase: VerifyFirebase | None = None,
    *,
    keeps_index: bool = False,
) -> Services:
    """All parts of a process on one database.

    Only the API hands in a `verify_firebase` (api/auth.py) and keeps its search index in DATA over a restart.
    """
    # Zones come from the pinned tzdata, not from whatever this machine has: due times must not depend on the host.
    reset_tzpath(to=())
    keys = {key.key_id: key.secret for key in load_signing_keys(settings)}
    # Read by pypinyin when it is first imported: see knowledge/sounds.py.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    articles = _article_index(settings.data / "search" / settings.mongodb_database if keeps_index else None)
    now = clock or system_clock(settings.clock_offset_s)
    meaning = _meaning() if settings.search_by_meaning else None
    return Services(
        store=store,
        clock=now,
        tokens=AccessTokens(keys, settings.access_token_s),
        callers=Callers(store, now),
        secrets=DerivedSecrets(keys),
        passwords=Passwords(),
        sign_in=SignInRules(settings.refresh_token_s, settings.sign_in_attempts, settings.sign_in_window_s),
        app=AppRules(settings.app_min_version, settings.max_body_bytes),
        planner=Planner(
            _solvers(settings), _travel_source(settings), slow=SolverProcesses(1), at_once=settings.plan_workers
        ),
        articles=articles,
        article_follower=IndexFollower(StoredArticles(store), articles, interval_s=_ARTICLE_POLL_S),
        meaning=meaning,
        nearness=None if meaning is None else Nearness(StoredVectors(store, MODEL), meaning),
        changes=ChangeFeed(
            store, notices.FOLLOWED | map_views.FOLLOWED | article_search.FOLLOWED | plan_updates.FOLLOWED
        ),
        files=FileStore(_blobs(settings), settings.files_folder / "incoming", settings.file_max_bytes),
        team_map_interval_s=settings.team_map_interval_s,
        verify_firebase=verify_firebase,
        binding_rules=_binding_rules(settings),
        web_push_key=_web_push_key(settings),
        outbox=Outbox(
            channel_names(_push_config(settings)),
            registered_devices,
            bindings_of,
            Limits(settings.push_singles, settings.push_incident_over),
        ),
    )


def _article_index(parent: Path | None) -> ArticleIndex:
    """In a folder of `parent` that no other process has; where there is none to be had, in memory."""
    if parent is None:
        return ArticleIndex()
    try:
        return in_free_folder(parent)
    except (FolderTakenError, OSError) as error:
        _log.warning("article_index_in_memory", folder=str(parent), error=str(error))
        return ArticleIndex()


def _meaning() -> Meaning | None:
    """The model; without it articles are found by their words alone."""
    try:
        return open_meaning()
    except (ImportError, OSError, RuntimeError) as error:
        _log.warning("search_by_meaning_unavailable", error=str(error), needs="the extra `semantic`")
        return None


def _blobs(settings: Settings) -> Blobs:
    if settings.files_bucket is None:
        return DiskBlobs(settings.files_folder)
    from storage.s3 import open_bucket  # noqa: PLC0415 - an optional extra

    bucket, _, prefix = settings.files_bucket.partition("/")
    return open_bucket(
        bucket,
        prefix=prefix,
        region=settings.files_region,
        endpoint=settings.files_endpoint,
        access_key_id=settings.files_access_key_id,
        secret_access_key=settings.files_secret_access_key,
    )


def _travel_source(settings: Settings) -> TravelSource:
    return TravelSource(
        engine=Engine(settings.travel_engine),
        url=settings.travel_url,
        tiles=settings.travel_tiles,
        profile=settings.travel_profile,
        timeout_s=settings.travel_timeout_s,
    )


def _push_config(settings: Settings, rooms: Rooms | None = None) -> PushConfig:
    wecom = None
    if settings.wecom_corp_id is not None and settings.wecom_agent_id is not None and settings.wecom_secret is not None:
        wecom = WecomAccount(settings.wecom_corp_id, settings.wecom_agent_id, settings.wecom_secret)
    return PushConfig(
        clock=system_clock(),  # without the offset: providers compare it with their own
        write=_write_line,
        channels=settings.push_channels,
        base_urls={service: getattr(settings, f"{service}_base_url") for service in BASE_URLS},
        fcm_credentials_path=settings.fcm_credentials,
        fcm_project_id=settings.firebase_project_id,
        wecom=wecom,
        web_push_key_path=settings.web_push_key_file,
        web_push_contact=settings.web_push_contact,
        push_services=settings.web_push_services,
        apprise_schemes=frozenset(settings.apprise_schemes),
        link_base=settings.push_link_base,
        limits=limits_with(settings.push_limits),
        rooms=rooms or NoLimit(),
        send_timeout_s=settings.push_send_timeout_s,
    )


def _binding_rules(settings: Settings) -> BindingRules:
    return BindingRules(
        channels=frozenset(channel_names(_push_config(settings))),
        push_services=settings.web_push_services,
        apprise_schemes=frozenset(settings.apprise_schemes),
        wecom_org_id=OrgId(settings.wecom_org_id) if settings.wecom_org_id else None,
    )


def _web_push_key(settings: Settings) -> str | None:
    if settings.web_push_key_file is None or "web_push" not in settings.push_channels:
        return None
    try:
        return VapidKey.from_file(settings.web_push_key_file).public
    except ValueError as error:
        raise SettingsError(f"WEB_PUSH_KEY_FILE: {error}") from error


def open_push(settings: Settings, rooms: Rooms) -> dict[str, Channel]:
    """The channels of a worker by name, in the order they are tried; the caller closes each. SettingsError if unfit."""
    try:
        return open_channels(_push_config(settings, rooms))
    except ValueError as error:
        raise SettingsError(f"PUSH_CHANNELS and what they need: {error}") from error


def _write_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
