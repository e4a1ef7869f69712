"""Departures: a person leaves, and everything open of theirs moves to a successor in batches.

`begin` is the first transaction, called where somebody is deactivated; `move_batch` is each of those that follow, for
workers/hand_overs.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.access import Actor, Scope
from domain.accounts import Account
from domain.assignment import AssignmentKind
from domain.deliveries import cancel
from domain.errors import Unavailable
from domain.hand_overs import (
    BATCH,
    HandedOver,
    HandOver,
    HandOverEntry,
    HandOverState,
    SuccessorNotAvailable,
    SuccessorRequired,
    after_batch,
    can_succeed,
    handed_over_notice,
    is_passed_on,
    leaving,
    proposed_successor,
    taken_over,
    working_successor,
)
from domain.ids import HandOverEntryId, HandOverId, LeadId, PersonId, new_id
from domain.leads import Lead, assign
from domain.notices import Notice, make_notice, resolve
from domain.people import Person, PersonState, superiors
from domain.refusals import InvalidInput, NotFound, Refusal
from domain.visits import give_to
from resolvers import assignments, sla
from storage.accounts import save_account
from storage.driver import Document
from storage.files import hand_over_files
from storage.hand_overs import (
    begin_batch,
    count_open_work,
    end_batch,
    insert_entries,
    insert_hand_over,
    list_accounts_of,
    list_open_leads,
    list_open_notices,
    list_planned_visits,
    list_promised_leads,
)
from storage.leads import hand_over_activities, hold_active_person, save_lead
from storage.notices import change_deliveries, list_deliveries_of, save_marks
from storage.outbox import Outbox
from storage.people import list_people, list_teams, save_person, save_team
from storage.store import Store
from storage.visits import end_with_shift, save_visit

COUNTED = 1_000


async def begin(
    store: Store, actor: Actor, person: Person, successor_id: str | None, now: datetime, outbox: Outbox
) -> tuple[Document, Document | None] | Refusal:
    """The saved person, LEAVING while open work moves, and the hand-over; None where nobody could get anything.

    Without open work the person is DEACTIVATED at once, and the hand-over only waits for what a request that runs at
    this moment may still write for them.
    """
    teams = await list_teams(store, person.org_id)
    leads, visits, _ = await count_open_work(store, person.org_id, person.id, COUNTED)
    managers = await list_people(store, person.org_id, superiors(person.id, person.team_id, teams))
    proposed = proposed_successor(person, teams, managers)
    if successor_id is None and (leads or visits):
        return SuccessorRequired("successorId", person.id, leads, visits, proposed)
    chosen = successor_id if successor_id is not None else proposed
    if chosen is None:
        gone = replace(person, state=PersonState.DEACTIVATED)
        return await _save(store, gone, now), None
    if chosen == person.id:
        return InvalidInput("successorId", "is the person themselves")
    scope = actor.scope if successor_id is not None else Scope.whole_organization(person.org_id)
    # Written to, so that a successor who leaves at the same time conflicts.
    successor = await hold_active_person(store, scope, chosen)
    if successor is None:
        return NotFound(chosen)
    if not can_succeed(successor, person, teams):
        return SuccessorNotAvailable("successorId", successor.id)
    going, following = leaving(person, successor, now)
    if leads or visits or person.covers:
        following = await _inherit_covers(store, person, following, now)
        await _save(store, following, now)
        await outbox.write(store, [handed_over_notice(person, successor.id, now)], now)
    else:
        going = replace(going, state=PersonState.DEACTIVATED)
    await end_with_shift(store, person.org_id, person.id, now)
    hand_over = HandOver(
        id=HandOverId(new_id("hov", now)),
        org_id=person.org_id,
        person_id=person.id,
        owner_id=successor.id,
        team_id=person.team_id,
        state=HandOverState.RUNNING,
        started_by=actor.person_id,
        started_at=now,
        next_at=now,
    )
    begun = _Batch(store, outbox, hand_over, successor, now)
    for team in taken_over(teams, person, successor):
        if await save_team(store, team) is None:
            raise Unavailable(1, f"{team.id} is being changed.")
        begun.log(HandedOver.TEAM, team.id)
    await insert_entries(store, begun.entries)
    return await _save(store, going, now), await insert_hand_over(store, hand_over)


async def _inherit_covers(store: Store, person: Person, successor: Person, now: datetime) -> Person:
    """The successor, who also stands in for those for whom the person did; their absences name the new deputy."""
    for cover in person.covers:
        if cover.until_at is not None and cover.until_at <= now:
            continue
        covered = (await list_people(store, person.org_id, [cover.person_id])).get(cover.person_id)
        if covered is None:
            continue
        deputy_id = successor.id if covered.id != successor.id else None
        absences = tuple(
            replace(each, deputy_id=deputy_id) if each.id == cover.absence_id else each for each in covered.absences
        )
        if covered.id == successor.id:
            successor = replace(successor, absences=absences)
            continue
        successor = replace(successor, covers=(*successor.covers, cover))
        if cover.absence_id is not None:
            await _save(store, replace(covered, absences=absences), now)
    return successor


@dataclass
class _Batch:
    """What one transaction has moved so far, and to whom."""

    store: Store
    outbox: Outbox
    hand_over: HandOver
    successor: Person
    now: datetime
    entries: list[HandOverEntry] = field(default_factory=list)

    def log(self, kind: HandedOver, record_id: str) -> None:
        """One more line of the log."""
        entry = HandOverEntry(
            id=HandOverEntryId(new_id("hoe", self.now)),
            org_id=self.hand_over.org_id,
            hand_over_id=self.hand_over.id,
            kind=kind,
            record_id=record_id,
            person_id=self.hand_over.person_id,
            owner_id=self.successor.id,
            team_id=self.hand_over.team_id,
            at=self.now,
        )
        self.entries.append(entry)


async def move_batch(store: Store, hand_over_id: HandOverId, now: datetime, outbox: Outbox, size: int = BATCH) -> int:
    """Moves at most `size` leads with all that belongs to them, then as much of the rest; answers how many records.

    To be called inside a transaction. Raises Unavailable where nobody can take over, or another write came first.
    """
    hand_over = await begin_batch(store, hand_over_id)
    if hand_over is None:
        return 0
    successor = await _hold_successor(store, hand_over)
    batch = _Batch(store, outbox, hand_over, successor, now)
    org_id, person_id = hand_over.org_id, hand_over.person_id
    leads = await list_open_leads(store, org_id, person_id, size)
    if len(leads) < size:
        known = {each.id for each in leads}
        promised = await list_promised_leads(store, org_id, person_id, size)
        leads += [each for each in promised if each.id not in known][: size - len(leads)]
    if leads:
        await _move_leads(batch, leads)
    else:
        await _move_visits(batch, None, size)
        await _move_notices(batch, None, size)
        for account in await list_accounts_of(store, org_id, person_id, size):
            await _move_account(batch, account)
    ending = after_batch(hand_over, [each.kind for each in batch.entries], now)
    await end_batch(store, ending, batch.entries)
    if ending.state is HandOverState.DONE:
        await _finish(batch)
    return len(batch.entries)


async def _hold_successor(store: Store, hand_over: HandOver) -> Person:
    """Who gets this batch, kept active until the transaction ends."""
    people: dict[PersonId, Person] = {}
    wanted: PersonId | None = hand_over.person_id
    while wanted is not None and wanted not in people:
        people |= await list_people(store, hand_over.org_id, [wanted])
        wanted = people[wanted].successor_id if wanted in people else None
    successor = working_successor(people[hand_over.person_id], people)
    if successor is None:
        raise Unavailable(60, f"Nobody can take over what belonged to {hand_over.person_id}.")
    await hold_active_person(store, Scope.whole_organization(hand_over.org_id), successor.id)
    return successor


async def _move_leads(batch: _Batch, leads: Sequence[Lead]) -> None:
    """Leads with history, clocks (a new leg each), planned visits and what their owner was told."""
    for lead in leads:
        given_to = assign(lead, batch.successor, batch.now)
        await assignments.keep_trace(batch.store, lead, given_to, AssignmentKind.HAND_OVER, None, batch.now)
        await hand_over_activities(batch.store, given_to)
        given_to = await sla.assigned(batch.store, given_to, batch.now)
        if await save_lead(batch.store, given_to) is None:
            raise Unavailable(1, f"{lead.id} is being changed.")
        batch.log(HandedOver.LEAD, lead.id)
    lead_ids = [each.id for each in leads]
    await _move_visits(batch, lead_ids, COUNTED)
    await _move_notices(batch, lead_ids, COUNTED)


async def _move_visits(batch: _Batch, lead_ids: Sequence[LeadId] | None, limit: int) -> None:
    org_id, person_id = batch.hand_over.org_id, batch.hand_over.person_id
    for visit in await list_planned_visits(batch.store, org_id, person_id, lead_ids, limit):
        given_to = give_to(visit, batch.successor.id, batch.successor.team_id, batch.now)
        if await save_visit(batch.store, given_to) is None:
            raise Unavailable(1, f"{visit.id} is being changed.")
        await hand_over_files(batch.store, "visit_id", visit.id, given_to.owner_id, given_to.team_id)
        batch.log(HandedOver.VISIT, visit.id)


async def _move_notices(batch: _Batch, lead_ids: Sequence[LeadId] | None, limit: int) -> None:
    """What the person was told ends for them; what is still open is told to the successor, on their own devices."""
    org_id, person_id, now = batch.hand_over.org_id, batch.hand_over.person_id, batch.now
    notices = await list_open_notices(batch.store, org_id, person_id, lead_ids, limit)
    if not notices:
        return
    passed_on = [each for each in notices if is_passed_on(each)]
    await batch.outbox.write(batch.store, [_told_to(each, batch.successor.id, now) for each in passed_on], now)
    await save_marks(batch.store, [resolve(each, now) for each in notices])
    rows = await list_deliveries_of(batch.store, [each.id for each in notices])
    await change_deliveries(batch.store, rows, lambda row: cancel(row, "handed over", now))
    for each in passed_on:
        batch.log(HandedOver.NOTICE, each.id)


def _told_to(notice: Notice, recipient: PersonId, now: datetime) -> Notice:
    return make_notice(
        notice.org_id,
        recipient,
        notice.kind,
        notice.priority,
        notice.dedupe_key,
        now,
        lead_id=notice.lead_id,
        visit_id=notice.visit_id,
        clock_id=notice.clock_id,
        cycle=notice.cycle,
        step=notice.step,
        facts=notice.facts,
    )


async def _move_account(batch: _Batch, account: Account) -> None:
    """A customer keeps its team, where its sites and contacts are."""
    given_to = replace(account, owner_id=batch.successor.id, version=account.version + 1, updated_at=batch.now)
    if await save_account(batch.store, given_to) is None:
        raise Unavailable(1, f"{account.id} is being changed.")
    batch.log(HandedOver.ACCOUNT, account.id)


async def _finish(batch: _Batch) -> None:
    """The person is gone for good, and nobody stands in for them any more."""
    org_id, person_id = batch.hand_over.org_id, batch.hand_over.person_id
    people = await list_people(batch.store, org_id, [person_id, batch.hand_over.owner_id, batch.successor.id])
    person = people.get(person_id)
    if person is not None and person.state is PersonState.LEAVING:
        await _save(batch.store, replace(person, state=PersonState.DEACTIVATED), batch.now)
    for each in (batch.hand_over.owner_id, batch.successor.id):
        holder = people.pop(each, None)
        if holder is not None and any(cover.person_id == person_id for cover in holder.covers):
            covers = tuple(cover for cover in holder.covers if cover.person_id != person_id)
            await _save(batch.store, replace(holder, covers=covers), batch.now)


async def _save(store: Store, changed: Person, now: datetime) -> Document:
    saved = await save_person(store, replace(changed, version=changed.version + 1, updated_at=now))
    if saved is None:
        raise Unavailable(1, "The person is being changed.")
    return saved
