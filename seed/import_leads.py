"""Imports leads from a table, idempotent by external id; `python -m seed import leads` and the demo call it.

A lead may have happened in the past: its clock begins there, and whatever had come due by now is marked without telling
anybody. Only what comes due from now on is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from domain import sla as rules
from domain.access import CAPABILITIES, Capability, Scope
from domain.accounts import Account, Tier
from domain.activities import Activity, ActivityKind, Direction, Evidence
from domain.assignment import AssignmentKind
from domain.errors import Unavailable
from domain.ids import ActivityId, LeadId, PersonId, new_id
from domain.leads import Lead, Stage, assign, move
from domain.leads import revise as revise_lead
from domain.notices import derived_id
from domain.people import Person, PersonState
from domain.refusals import Refusal
from resolvers import assignments, sla
from resolvers.clocks import summed
from resolvers.proposals import graded
from resolvers.sla_policies import rules_of
from seed.cells import Problem
from seed.csv_file import Table
from seed.importing import (
    Options,
    Report,
    batches,
    begin_report,
    by_external_id,
    differing,
    overtaken,
    people_by_reference,
    repeated_ids,
)
from seed.lead_clocks import first_clocks
from seed.lead_rows import NAMES, LeadRow, read_lead_row
from storage.accounts import COLLECTION as ACCOUNTS
from storage.clocks import COLLECTION as CLOCKS
from storage.clocks import encode_clock, list_clocks, save_clock
from storage.codec import decode, encode
from storage.driver import BulkWriteError, DuplicateKeyError
from storage.leads import (
    ACTIVITIES,
    ASSIGNMENTS,
    encode_lead,
    hand_over_activities,
    hold_active_person,
    insert_activity,
    list_stages,
    save_lead,
)
from storage.leads import COLLECTION as LEADS
from storage.outbox import INBOX_ONLY
from storage.people import PEOPLE
from storage.store import Store

__all__ = ["NAMES", "import_leads"]

BATCH = 100
"""New leads written in one transaction, with their clocks and last contacts."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What an import is judged against."""

    leads: Mapping[str, Lead]
    accounts: Mapping[str, Account]
    people: Mapping[str, Person]
    stages: Sequence[Stage]


@dataclass(frozen=True, slots=True)
class _Step:
    """What one good row does: the lead before (None: new), its fields after, and the steps that touch its clocks."""

    line: int
    before: Lead | None
    lead: Lead
    owner: Person | None = None
    """Who is to have it from now on."""
    stage: Stage | None = None
    """Where it is to be from now on."""
    lost_reason: str | None = None
    contacted_at: datetime | None = None
    """A contact that is news to us."""

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.lead is not self.before or any((self.owner, self.stage, self.contacted_at))


async def import_leads(store: Store, table: Table, options: Options) -> Report:
    """Creates and changes leads; rows that are not in the file are not touched."""
    report = begin_report(table)
    stages = await list_stages(store, options.org_id)
    rows: list[LeadRow] = []
    for row in table.rows:
        read = read_lead_row(row, stages, options.now)
        if isinstance(read, LeadRow):
            rows.append(read)
        else:
            report.problems += read
    report.problems += repeated_ids((row.line, row.external_id) for row in rows)
    bad = report.bad_lines
    rows = [row for row in rows if row.line not in bad]
    stored = await _load(store, rows, stages, options)
    steps: list[_Step] = []
    for lead_row in rows:
        judged = judge(lead_row, stored, options)
        if isinstance(judged, _Step):
            steps.append(judged)
            report.problems += _warnings(lead_row, judged)
        else:
            report.problems.append(judged)
    report.applied = not options.dry_run and not (options.strict and report.bad_lines)
    if report.applied:
        report.problems += await _apply(store, steps, options)
    bad = report.bad_lines
    good = [step for step in steps if step.line not in bad]
    report.created = sum(step.before is None for step in good)
    report.changed = sum(step.before is not None and step.changes for step in good)
    report.unchanged = len(good) - report.created - report.changed
    report.problems.sort(key=lambda problem: problem.line)
    return report


async def _load(store: Store, rows: Sequence[LeadRow], stages: Sequence[Stage], options: Options) -> _Stored:
    options.progress("looking up", 0, len(rows))
    leads = await by_external_id(store, options.org_id, LEADS, [row.external_id for row in rows])
    accounts = await by_external_id(store, options.org_id, ACCOUNTS, [row.account for row in rows if row.account])
    people = await people_by_reference(store, options.org_id, [*(row.owner for row in rows), options.owner])
    return _Stored(
        {key: decode(Lead, each) for key, each in leads.items()},
        {key: decode(Account, each) for key, each in accounts.items()},
        people,
        stages,
    )


def judge(row: LeadRow, stored: _Stored, options: Options) -> _Step | Problem:
    """What the row does to what is stored, or why it cannot."""
    before = stored.leads.get(row.external_id)
    reference = row.owner or (options.owner if before is None else None)
    owner = stored.people.get(reference) if reference else None
    if reference and (owner is None or not _can_own(owner)):
        return Problem(row.line, "owner", f"nobody who works in the field and is active is called {reference!r}")
    account = stored.accounts.get(row.account) if row.account else None
    if row.account and account is None:
        return Problem(row.line, "account", f"there is no account {row.account!r}")
    if before is None:
        return _new(row, owner, account, stored, options)
    given = dict(row.described)
    if row.account is not None:
        given["account_id"] = account.id if account is not None else None
    changes = differing(before, given)
    lead = revise_lead(before, changes, None, options.now) if changes else before
    if isinstance(lead, Refusal):
        return Problem(row.line, "", lead.message)
    moved = row.stage is not None and row.stage.key != before.stage
    news = row.last_contact_at is not None and (
        before.last_contact_at is None or row.last_contact_at > before.last_contact_at
    )
    return _Step(
        row.line,
        before,
        lead,
        owner=owner if owner is not None and owner.id != before.owner_id else None,
        stage=row.stage if moved else None,
        lost_reason=row.lost_reason,
        contacted_at=row.last_contact_at if news else None,
    )


def _can_own(person: Person) -> bool:
    return person.state is PersonState.ACTIVE and Capability.DO_FIELD_WORK in CAPABILITIES[person.role]


def _warnings(row: LeadRow, step: _Step) -> list[Problem]:
    """The time a lead occurred starts its clock and is not moved afterwards."""
    before = step.before
    if before is None or row.occurred_at is None or row.occurred_at == before.occurred_at:
        return []
    return [Problem(row.line, "occurred_at", "is kept as it was first imported", fatal=False)]


def _new(
    row: LeadRow, owner: Person | None, account: Account | None, stored: _Stored, options: Options
) -> _Step | Problem:
    if "name" not in row.described:
        return Problem(row.line, "name", "is missing")
    stage = row.stage or stored.stages[0]
    occurred_at = min(row.occurred_at or options.now, options.now)
    described: dict[str, Any] = {"tier": Tier.C, **row.described}
    lead = Lead(
        id=LeadId(new_id("led", options.now)),
        org_id=options.org_id,
        stage=stage.key,
        stage_kind=stage.kind,
        owner_id=None,
        team_id=account.team_id if account is not None else None,
        occurred_at=occurred_at,
        created_at=options.now,
        updated_at=options.now,
        account_id=account.id if account is not None else None,
        external_id=row.external_id,
        **described,
    )
    lead = replace(move(lead, stage, row.lost_reason, options.now), version=lead.version)
    if owner is not None:
        lead = replace(assign(lead, owner, occurred_at), version=lead.version, updated_at=options.now)
    return _Step(row.line, None, lead, contacted_at=row.last_contact_at)


def _contact(lead: Lead, at: datetime, now: datetime) -> Activity:
    """The last contact a file tells of, as somebody's word."""
    return Activity(
        id=ActivityId(derived_id("act", lead.id, at.isoformat())),
        org_id=lead.org_id,
        lead_id=lead.id,
        owner_id=lead.owner_id,
        team_id=lead.team_id,
        by_id=lead.owner_id,
        kind=ActivityKind.CALL,
        direction=Direction.OUTBOUND,
        automatic=False,
        evidence=Evidence.DECLARED,
        occurred_at=at,
        created_at=now,
        note="imported",
    )


async def _apply(store: Store, steps: Sequence[_Step], options: Options) -> list[Problem]:
    problems: list[Problem] = []
    new = [step for step in steps if step.before is None]
    changed = [step for step in steps if step.before is not None and step.changes]
    done, total = 0, len(new) + len(changed)
    for batch in batches(new, BATCH):
        problems += await _insert(store, batch, options.now)
        done += len(batch)
        options.progress("writing", done, total)
    for step in changed:
        try:
            await store.transaction(partial(_change, step=step, now=options.now))
        except (_OvertakenError, DuplicateKeyError, Unavailable):
            problems.append(overtaken(step.line))
        done += 1
        options.progress("writing", done, total)
    return problems


async def _insert(store: Store, steps: Sequence[_Step], now: datetime) -> list[Problem]:
    """All of a batch in one transaction; where it cannot be, one by one, so that only those in the way are refused."""
    try:
        held = await store.transaction(lambda store: _insert_together(store, steps, now))
    except (BulkWriteError, DuplicateKeyError):
        held = False
    if held:
        return []
    if len(steps) == 1:
        return [overtaken(steps[0].line)]
    return [problem for step in steps for problem in await _insert(store, [step], now)]


async def _insert_together(store: Store, steps: Sequence[_Step], now: datetime) -> bool:
    """False, with nothing written, where an owner was deactivated meanwhile."""
    owners: set[PersonId] = {step.lead.owner_id for step in steps if step.lead.owner_id is not None}
    if owners:
        # Written to, so that deactivating one of them meanwhile conflicts (see hold_active_person).
        active = {"_id": {"$in": sorted(owners)}, "state": PersonState.ACTIVE.value}
        if await store[PEOPLE].update_many(active, {"$inc": {"given_leads": 1}}) != len(owners):
            return False
    promises = await rules_of(store, steps[0].lead.org_id)
    leads, clocks, contacts, traces = [], [], [], []
    for step in steps:
        lead = step.lead
        contact = _contact(lead, step.contacted_at, now) if step.contacted_at is not None else None
        records = first_clocks(lead, contact, promises, now)
        if contact is not None:
            contacts.append(contact)
            at = contact.occurred_at
            lead = replace(lead, last_contact_at=at, last_activity_at=at)
        leads.append(encode_lead(summed(lead, records)))
        traces.append(encode(assignments.trace_of(None, lead, AssignmentKind.IMPORTED, None, now)))
        clocks += [encode_clock(replace(record, version=1)) for record in records]
    await store[LEADS].insert_many(leads)
    await store[ASSIGNMENTS].insert_many(traces)
    await store[CLOCKS].insert_many(clocks)
    await store[ACTIVITIES].insert_many([encode(contact) for contact in contacts])
    return True


class _OvertakenError(Exception):
    """Another write came first: the transaction must leave nothing behind."""


async def _change(store: Store, step: _Step, now: datetime) -> None:
    """A changed lead with everything that follows, inside a transaction. Raises _OvertakenError."""
    before, lead = step.before, step.lead
    assert before is not None
    following = before.version + 1
    if step.owner is not None:
        held = await hold_active_person(store, Scope.whole_organization(lead.org_id), step.owner.id)
        if held is None or not _can_own(held):
            raise _OvertakenError
        lead = assign(lead, held, now)
        await assignments.keep_trace(store, before, lead, AssignmentKind.IMPORTED, None, now)
        await hand_over_activities(store, lead)
        lead = await sla.assigned(store, lead, now)
    if lead.tier is not before.tier:
        lead = await graded(store, lead, now)
    if step.stage is not None:
        lead = move(lead, step.stage, step.lost_reason, now)
        if before.is_open and not lead.is_open:
            lead = await sla.closed(store, lead, step.stage.kind.value, now)
        elif lead.is_open and not before.is_open:
            lead = await sla.reopened(store, lead, now)
    if step.contacted_at is not None:
        contact = _contact(lead, step.contacted_at, now)
        await insert_activity(store, contact)
        lead = await sla.contacted(store, lead, contact.occurred_at, contact.id, now, outbox=INBOX_ONLY)
        seen = max(contact.occurred_at, lead.last_activity_at or contact.occurred_at)
        lead = await _caught_up(store, replace(lead, last_activity_at=seen), now)
    if await save_lead(store, replace(lead, version=following, updated_at=now)) is None:
        raise _OvertakenError


async def _caught_up(store: Store, lead: Lead, now: datetime) -> Lead:
    """The lead after everything that was due before now is marked, told to nobody."""
    records = []
    for record in await list_clocks(store, lead.id):
        events, _ = rules.fire_due(record.clock, now)
        caught = record.with_events(events, now)
        if events:
            await save_clock(store, caught)
        records.append(caught)
    return summed(lead, records)
