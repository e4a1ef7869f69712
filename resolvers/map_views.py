"""One view of the team map for all who watch the same subtree: changes are read once and handed on as frames.

Held by resolvers/services.py, one set per process; resolvers/team.py watches. Nobody's slowness holds up a view.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from domain.access import Scope
from domain.errors import FellBehind, Unavailable
from domain.ids import PersonId
from resolvers.map_entries import entries_of, reps_in
from resolvers.shared_events import Audience, SharedEvent
from storage.changes import Change
from storage.driver import Document, PyMongoError
from storage.people import PEOPLE, TEAMS
from storage.positions import COLLECTION
from storage.shifts import COLLECTION as SHIFTS
from storage.visits import COLLECTION as VISITS

if TYPE_CHECKING:
    from resolvers.services import Services

FOLLOWED = frozenset({PEOPLE, TEAMS, COLLECTION, SHIFTS, VISITS})
"""Collections whose changes can change the map."""
MAX_REPS = 500
"""Most reps in the first event of a subscription; larger trees are watched team by team."""
KEPT_FRAMES = 30
"""A watcher who is further behind is sent away: half a minute at one frame a second."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Frame:
    """What changed at once; `version` counts the frames of a view."""

    version: int
    entries: list[Document]
    gone: list[PersonId]
    is_full: bool
    at: datetime
    _events: dict[Audience, SharedEvent] = field(default_factory=dict)

    @property
    def document(self) -> Document:
        """As the schema reads it."""
        return {"entries": self.entries, "gone": self.gone, "is_full": self.is_full, "at": self.at}

    def event(self, audience: Audience | None) -> Document:
        """The same object for all of an audience."""
        if audience is None:
            return self.document
        return self._events.setdefault(audience, SharedEvent(self.document, audience))


class MapView:
    """The map of one scope, kept while somebody watches it."""

    def __init__(self, services: Services, scope: Scope) -> None:
        self._services = services
        self._scope = scope
        self._entries: dict[PersonId, Document] = {}
        self._version = 0
        self._frames: deque[Frame] = deque(maxlen=KEPT_FRAMES)
        self._full: Frame | None = None
        self._changed = asyncio.Event()
        self.failed = False
        self.checks = 0
        """How often something changed that may change who may watch."""

    async def run(self) -> None:
        """Reads until it is cancelled; an error ends it and all who watch."""
        try:
            async with self._services.changes.subscribe(self._concerns) as subscriber:
                dirty: set[PersonId] | None = None
                while True:
                    await self._read(dirty)
                    changes = await subscriber.take(self._services.team_map_interval_s)
                    dirty = None if any(each.is_gap for each in changes) else {_person_of(each) for each in changes}
                    if dirty is None or any(each.collection in {PEOPLE, TEAMS} for each in changes):
                        self.checks += 1
                        self._wake()
        except (PyMongoError, Unavailable) as error:
            _log.warning("team_map_view_ended", error=str(error))
            self._fail()
        except Exception:
            _log.exception("team_map_view_ended")
            self._fail()

    def _fail(self) -> None:
        self.failed = True
        self._wake()

    def _concerns(self, change: Change) -> bool:
        document = change.document
        if change.collection not in FOLLOWED or document.get("org_id") != self._scope.org_id:
            return False
        return change.collection in {PEOPLE, TEAMS, SHIFTS} or document.get("team_id") in self._scope.subtree

    async def _read(self, dirty: set[PersonId] | None) -> None:
        people = await reps_in(self._services.store, self._scope, dirty, MAX_REPS)
        entries = await entries_of(self._services.store, self._scope, people)
        now_shown = {each["_id"]: each for each in entries}
        gone = (self._entries.keys() if dirty is None else self._entries.keys() & dirty) - now_shown.keys()
        if not (entries or gone or dirty is None):
            return
        for person_id in gone:
            del self._entries[person_id]
        self._entries |= now_shown
        self._version += 1
        self._full = None
        frame = Frame(self._version, entries, sorted(gone), dirty is None, self._services.clock())
        self._frames.append(frame)
        self._wake()

    def _wake(self) -> None:
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()

    def after(self, version: int | None) -> Frame | None:
        """The frame behind `version`, the whole map for None; None where there is none yet. Raises FellBehind."""
        if self._version in {0, version}:
            return None
        if version is None:
            if self._full is None:
                at = self._services.clock()
                self._full = Frame(self._version, list(self._entries.values()), [], is_full=True, at=at)
            return self._full
        if version + 1 < self._frames[0].version:
            raise FellBehind
        return self._frames[version + 1 - self._frames[0].version]

    async def change(self) -> None:
        """Waits for the next frame, check or failure."""
        await self._changed.wait()


@dataclass(slots=True)
class MapWatcher:
    """How far one subscriber has come in a view."""

    view: MapView
    version: int | None = None
    checks: int = 0

    async def take(self) -> Frame | None:
        """The next frame, first the whole map; None where it should be looked whether one may still watch.

        Raises Unavailable where the view cannot go on, FellBehind where the subscriber is too slow.
        """
        while True:
            if self.view.failed:
                raise Unavailable(1, "The map is not available right now. Subscribe again.")
            if self.checks != self.view.checks:
                self.checks = self.view.checks
                return None
            frame = self.view.after(self.version)
            if frame is not None:
                self.version = frame.version
                return frame
            await self.view.change()


@dataclass(slots=True)
class _Open:
    view: MapView
    task: asyncio.Task[None]
    watchers: int = 0


@dataclass(slots=True)
class MapViews:
    """The views of a process by scope."""

    _open: dict[Scope, _Open] = field(default_factory=dict)

    @asynccontextmanager
    async def watch(self, services: Services, scope: Scope) -> AsyncIterator[MapWatcher]:
        """A watcher of the scope's view, which runs while it has any."""
        found = self._open.get(scope)
        if found is None or found.view.failed:
            view = MapView(services, scope)
            found = self._open[scope] = _Open(view, asyncio.create_task(view.run()))
        found.watchers += 1
        try:
            yield MapWatcher(found.view, checks=found.view.checks)
        finally:
            found.watchers -= 1
            if not found.watchers:
                found.task.cancel()
                if self._open.get(scope) is found:
                    del self._open[scope]


def _person_of(change: Change) -> PersonId:
    document = change.document
    return PersonId(document["_id"] if change.collection == PEOPLE else document.get("owner_id", ""))
