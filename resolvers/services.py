"""The parts a resolver may use, put together once by wiring/services.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from domain.bindings import BindingRules
from domain.errors import Unavailable
from domain.sessions import SignInRules
from knowledge.follower import IndexFollower
from knowledge.index import ArticleIndex
from knowledge.meaning import Meaning
from knowledge.nearness import Nearness
from resolvers.derived_secrets import DerivedSecrets
from resolvers.map_views import MapViews
from resolvers.planner import Planner
from resolvers.queues import Queues
from resolvers.tokens import AccessTokens, Callers
from storage.articles import COUNTERS
from storage.blobs import Blobs, sweep_incoming
from storage.changes import ChangeFeed
from storage.credentials import Passwords
from storage.outbox import INBOX_ONLY, Outbox
from storage.store import Store

VerifyFirebase = Callable[[str], Awaitable[str | None]]
"""The verified e-mail address of a Firebase ID token; None for a token that is not accepted. May raise Unavailable."""
_SEARCH_START_S = 1.0
_LEFT_BEHIND_S = 86_400
"""An upload that was last written so long ago belongs to a process that is gone."""


@dataclass(frozen=True, slots=True)
class AppRules:
    """What an operator asks of apps; `bootstrap` tells them."""

    min_version: str = "0.0.0"
    max_body_bytes: int = 2_000_000


@dataclass(frozen=True, slots=True)
class FileStore:
    """Where files are kept: their bytes, the folder in which uploads arrive, and how large one may be."""

    blobs: Blobs
    incoming: Path
    max_bytes: int = 25_000_000


@dataclass(frozen=True, slots=True)
class Services:
    """One per process."""

    store: Store
    clock: Callable[[], datetime]
    tokens: AccessTokens
    callers: Callers
    secrets: DerivedSecrets
    passwords: Passwords
    sign_in: SignInRules
    app: AppRules
    planner: Planner
    articles: ArticleIndex
    article_follower: IndexFollower
    changes: ChangeFeed
    files: FileStore
    outbox: Outbox = INBOX_ONLY
    binding_rules: BindingRules = field(default_factory=BindingRules)
    web_push_key: str | None = None
    """What browsers subscribe with."""
    verify_firebase: VerifyFirebase | None = None
    meaning: Meaning | None = None
    """Where articles are also found by meaning: the model, for the worker that makes their vectors."""
    nearness: Nearness | None = None
    team_map_interval_s: float = 0.9
    queues: Queues = field(default_factory=Queues)
    map_views: MapViews = field(default_factory=MapViews)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keeps the parts that run beside requests alive while the block runs.

        Search is complete before it begins unless that takes long; then it finds what the index has already.
        """
        work = [self.article_follower.run(), self.changes.run(), self._tell_follower()]
        if self.nearness is not None:
            work.append(self.nearness.run())
        beside = [asyncio.create_task(each) for each in work]
        await asyncio.to_thread(sweep_incoming, self.files.incoming, _LEFT_BEHIND_S)
        await self.article_follower.wait(_SEARCH_START_S)
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.wait(beside)
            await self.close()

    async def close(self) -> None:
        """Lets go of what was started on demand; the database is closed by whoever opened it."""
        await self.planner.close()
        await asyncio.to_thread(self.articles.close)

    async def _tell_follower(self) -> None:
        """Wakes the follower at each publication in any process; it looks by itself where the stream is broken."""
        while True:
            with suppress(Unavailable):
                async with self.changes.subscribe(lambda change: change.collection == COUNTERS) as subscriber:
                    while True:
                        await subscriber.take(0)
                        self.article_follower.wake()
