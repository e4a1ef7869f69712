"""SLA clocks in the database: the log, which is the truth, and what its fold says, for queries and the watcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.ids import ClockId, LeadId, OrgId, PersonId, TeamId
from domain.leads import Lead
from domain.sla import Clock, ClockEvent, ClockState, Metric, Policy, Term, appended, fold, promised
from storage.codec import decode, encode
from storage.driver import Document, IndexModel
from storage.reads import Reads
from storage.store import Store
from storage.times import stored_time

COLLECTION = "clocks"
MAX_PER_LEAD = 200
INDEXES = [
    IndexModel([("state", 1), ("next_fire_at", 1)], name="due"),
    IndexModel([("lead_id", 1), ("_id", 1)], name="by_lead"),
    IndexModel([("org_id", 1), ("state", 1), ("_id", 1)], name="by_state"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("state", 1), ("due_at", 1), ("_id", 1)], name="by_owner_due"),
    IndexModel([("org_id", 1), ("team_id", 1), ("state", 1), ("due_at", 1), ("_id", 1)], name="by_team_due"),
    IndexModel([("org_id", 1), ("state", 1), ("due_at", 1), ("_id", 1)], name="by_due"),
    IndexModel([("org_id", 1), ("team_id", 1), ("metric", 1), ("started_at", 1)], name="by_team_started"),
    IndexModel([("org_id", 1), ("metric", 1), ("started_at", 1)], name="by_started"),
    IndexModel([("org_id", 1), ("team_id", 1), ("metric", 1), ("updated_at", 1)], name="by_team_updated"),
    IndexModel([("org_id", 1), ("metric", 1), ("updated_at", 1)], name="by_updated"),
    IndexModel([("org_id", 1), ("owner_id", 1), ("updated_at", 1), ("_id", 1)], name="by_owner_updated"),
]
WATCHED = (ClockState.RUNNING, ClockState.BREACHED)
"""States in which a clock has a next step."""
UNFINISHED = (ClockState.PENDING, ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
"""States in which its policy may still be another."""
OPEN_CLOCKS = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED)
"""States in which a promise is still to be kept."""


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """A clock and whose it is. `generation` grows where a reopened lead gets a new follow-up clock."""

    id: ClockId
    org_id: OrgId
    lead_id: LeadId
    owner_id: PersonId | None
    team_id: TeamId | None
    clock: Clock
    created_at: datetime
    updated_at: datetime
    generation: int = 1
    version: int = 0
    """0 until it is saved for the first time."""

    @property
    def metric(self) -> Metric:
        """What it measures."""
        return self.clock.policy.metric

    def with_events(self, events: tuple[ClockEvent, ...], now: datetime) -> ClockRecord:
        """The record after the events, to be saved."""
        return replace(self, clock=appended(self.clock, events), updated_at=now)

    def promised(self, policy: Policy, at: datetime, source_id: str) -> ClockRecord:
        """The record whose next cycle, if that source begins one, is under the policy."""
        return replace(self, clock=promised(self.clock, policy, at, source_id))

    def held_by(self, lead: Lead) -> ClockRecord:
        """The record on this lead, as seen by its owner and team."""
        return replace(self, lead_id=lead.id, owner_id=lead.owner_id, team_id=lead.team_id)


@dataclass(frozen=True, slots=True)
class _Stored:
    """The part of a document that is read back; the rest follows from it."""

    id: ClockId
    org_id: OrgId
    lead_id: LeadId
    owner_id: PersonId | None
    team_id: TeamId | None
    policy: Policy
    created_at: datetime
    updated_at: datetime
    generation: int
    version: int
    log: tuple[ClockEvent, ...] = field(default=())
    earlier: tuple[Term, ...] = field(default=())


async def find_clock(store: Store, clock_id: str) -> ClockRecord | None:
    """The clock, whoever may see it: for the watcher."""
    found = await store[COLLECTION].find_one({"_id": clock_id})
    return None if found is None else _decoded(found)


async def list_clocks(store: Store, lead_id: str) -> list[ClockRecord]:
    """All clocks of a lead, oldest first."""
    found = await store[COLLECTION].find({"lead_id": lead_id}, order=[("_id", 1)], limit=MAX_PER_LEAD)
    return [_decoded(each) for each in found]


async def list_changed_clocks(
    reads: Reads, owners: Sequence[PersonId], since: datetime, limit: int
) -> list[ClockRecord]:
    """The people's clocks in scope that were saved since then, earliest first."""
    where: Document = {"owner_id": {"$in": list(owners)}, "updated_at": {"$gte": stored_time(since)}}
    return [_decoded(each) for each in await reads.list(COLLECTION, where, order="updated_at", limit=limit)]


async def list_recorded_clocks(
    reads: Reads, metrics: Sequence[Metric], since: datetime, limit: int
) -> list[ClockRecord]:
    """Clocks of these metrics in scope that were saved since then (naive UTC), each metric's earliest first."""
    found: list[Document] = []
    for metric in metrics:
        where: Document = {"metric": metric.value, "updated_at": {"$gte": since}}
        found += await reads.list(COLLECTION, where, order="updated_at", limit=limit)
    return [_decoded(each) for each in found]


async def list_unfinished(store: Store, org_id: OrgId, after_id: str, limit: int) -> list[ClockRecord]:
    """The organization's clocks that are not over, by id behind `after_id`."""
    query: Document = {
        "org_id": org_id,
        "state": {"$in": [each.value for each in UNFINISHED]},
        "_id": {"$gt": after_id},
    }
    found = await store[COLLECTION].find(query, order=[("_id", 1)], limit=limit)
    return [_decoded(each) for each in found]


async def list_clock_documents(store: Store, after_id: str, limit: int) -> list[Document]:
    """Clocks of all organizations as they are stored, by id behind `after_id`: for rebuilding them."""
    return await store[COLLECTION].find({"_id": {"$gt": after_id}}, order=[("_id", 1)], limit=limit)


def rebuilt(document: Document) -> Document:
    """The document as its events make it; what was kept of an earlier fold is thrown away."""
    return encode_clock(_decoded(document))


async def replace_clock_document(store: Store, document: Document) -> bool:
    """Writes it over the same version; False where the clock went on meanwhile."""
    guard = {"_id": document["_id"], "version": document["version"]}
    return await store[COLLECTION].replace_one(guard, document) == 1


async def list_due(store: Store, now: datetime, limit: int) -> list[ClockId]:
    """At most `limit` clocks with a step that has come due, the longest waiting first in each state."""
    found: list[Document] = []
    for state in WATCHED:
        # One equality and one range each: the cost follows what is due, never what is open.
        query: Document = {"state": state.value, "next_fire_at": {"$lte": stored_time(now)}}
        found += await store[COLLECTION].find(
            query, projection={"_id": 1, "next_fire_at": 1}, order=[("next_fire_at", 1)], limit=limit
        )
    found.sort(key=lambda each: each["next_fire_at"])
    return [ClockId(each["_id"]) for each in found[:limit]]


async def save_clock(store: Store, record: ClockRecord) -> bool:
    """Inserts version 0 or replaces the version that was read; False where another write came first."""
    document = encode_clock(replace(record, version=record.version + 1))
    if record.version == 0:
        await store[COLLECTION].insert_one(document)
        return True
    guard = {"_id": record.id, "version": record.version}
    return await store[COLLECTION].replace_one(guard, document) == 1


def encode_clock(record: ClockRecord) -> Document:
    """The document: log and policy, and the latest cycle as the fold sees it."""
    clock, cycle = record.clock, record.clock.current
    kept = _Stored(
        id=record.id,
        org_id=record.org_id,
        lead_id=record.lead_id,
        owner_id=record.owner_id,
        team_id=record.team_id,
        policy=clock.policy,
        created_at=record.created_at,
        updated_at=record.updated_at,
        generation=record.generation,
        version=record.version,
        log=clock.log,
        earlier=clock.earlier,
    )
    document = encode(kept) | {"metric": record.metric.value, "state": clock.state.value, "cycle": clock.cycle}
    if cycle is not None:
        seen = encode(cycle)
        document |= {name: value for name, value in seen.items() if name in _SHOWN}
    return document


_SHOWN = frozenset(
    {
        "started_at",
        "due_at",
        "next_fire_at",
        "met_at",
        "met_by",
        "provisional",
        "breached_at",
        "detected_at",
        "legs",
        "fired",
        "acknowledged",
        "cancel_reason",
        "consumed_s",
        "running_since",
        "allowed_s",
    }
)


def _decoded(document: Document) -> ClockRecord:
    kept = decode(_Stored, document)
    return ClockRecord(
        id=kept.id,
        org_id=kept.org_id,
        lead_id=kept.lead_id,
        owner_id=kept.owner_id,
        team_id=kept.team_id,
        clock=fold(kept.log, kept.policy, kept.earlier),
        created_at=kept.created_at,
        updated_at=kept.updated_at,
        generation=kept.generation,
        version=kept.version,
    )
