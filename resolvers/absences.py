"""Recording and ending absences, and the deputies who stand in. Called by schema/absences.py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.absences import (
    MAX_DEPUTIES,
    AbsenceKind,
    Cover,
    DeputyCycle,
    DeputyNotAvailable,
    PersonAbsence,
    deputy_cycle,
    ended,
    window_problem,
    with_absence,
    with_cover,
)
from domain.access import Actor, Capability, Scope
from domain.errors import Unavailable
from domain.ids import AbsenceId, PersonId, new_id
from domain.people import Person, PersonState
from domain.refusals import InvalidInput, NotFound, Refusal, WrongState
from domain.stand_ins import can_stand_in
from resolvers.context import Context
from resolvers.once import Outcome, Saved, once
from storage.driver import Document
from storage.people import PEOPLE, find_person, list_people, save_person
from storage.store import Store


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """What a caller says about a time away."""

    from_at: datetime
    until_at: datetime
    kind: AbsenceKind
    deputy_id: str | None = None


async def record_absence(context: Context, client_key: str, person_id: str, given: NewAbsence) -> Document | Refusal:
    """The person with one more absence; the deputy sees and is told what is theirs meanwhile. Raises Forbidden."""
    actor = _planner(context, person_id)

    async def act(store: Store) -> Outcome:
        person = await _person(store, actor, person_id)
        if person is None:
            return NotFound(person_id)
        if person.state is not PersonState.ACTIVE:
            return WrongState(person_id, person.state)
        problem = window_problem(given.from_at, given.until_at, context.now)
        if problem is not None:
            return problem
        absence = PersonAbsence(
            id=AbsenceId(new_id("abs", context.now)),
            person_id=person.id,
            from_at=given.from_at,
            until_at=given.until_at,
            kind=given.kind,
            deputy_id=PersonId(given.deputy_id) if given.deputy_id is not None else None,
            recorded_by=actor.person_id,
            recorded_at=context.now,
        )
        absences = with_absence(person.absences, absence, context.now)
        if isinstance(absences, Refusal):
            return absences
        deputy = await _deputy(store, actor, person, absence)
        if isinstance(deputy, Refusal):
            return deputy
        if deputy is not None:
            # Written to, so that two people who name each other at once, or a deputy who leaves, conflict.
            cover = Cover(person.id, absence.from_at, absence.until_at, absence.id)
            await _save(store, replace(deputy, covers=with_cover(deputy.covers, cover, context.now)), context.now)
        return Saved(PEOPLE, await _save(store, replace(person, absences=absences), context.now))

    return await once(context, "recordAbsence", client_key, {"id": person_id, "absence": given}, act)


async def end_absence(context: Context, client_key: str, person_id: str, absence_id: str) -> Document | Refusal:
    """The person, at work from now on; an absence that had not begun is taken back. Raises Forbidden."""
    actor = _planner(context, person_id)

    async def act(store: Store) -> Outcome:
        person = await _person(store, actor, person_id)
        if person is None:
            return NotFound(person_id)
        absences = ended(person.absences, absence_id, context.now)
        if absences is None:
            return NotFound(absence_id)
        if isinstance(absences, Refusal):
            return absences
        deputy_id = next(each.deputy_id for each in person.absences if each.id == absence_id)
        deputy = (await list_people(store, actor.org_id, [deputy_id])).get(deputy_id) if deputy_id else None
        if deputy is not None:
            covers = tuple(each for each in deputy.covers if each.absence_id != absence_id)
            await _save(store, replace(deputy, covers=covers), context.now)
        return Saved(PEOPLE, await _save(store, replace(person, absences=absences), context.now))

    return await once(context, "endAbsence", client_key, {"id": person_id, "absence": absence_id}, act)


def _planner(context: Context, person_id: str) -> Actor:
    """The person themselves where they do field work, or somebody who plans for others. Raises Forbidden."""
    own = person_id == context.me.person_id and context.me.can(Capability.DO_FIELD_WORK)
    return context.me if own else context.require(Capability.PLAN_FOR_OTHERS)


async def _person(store: Store, actor: Actor, person_id: str) -> Person | None:
    own = person_id == actor.person_id
    return await find_person(store, Scope.whole_organization(actor.org_id) if own else actor.scope, person_id)


async def _deputy(
    store: Store, actor: Actor, person: Person, absence: PersonAbsence
) -> Person | NotFound | InvalidInput | DeputyNotAvailable | DeputyCycle | None:
    if absence.deputy_id is None:
        return None
    if absence.deputy_id == person.id:
        return InvalidInput("deputyId", "is the person themselves")
    deputy = await find_person(store, actor.scope, absence.deputy_id)
    if deputy is None:
        return NotFound(absence.deputy_id)
    if not can_stand_in(deputy, person):
        return DeputyNotAvailable("deputyId", deputy.id)
    cycle = deputy_cycle(absence, await _chain(store, deputy))
    return DeputyCycle("deputyId", cycle) if cycle is not None else deputy


async def _chain(store: Store, deputy: Person) -> dict[PersonId, tuple[PersonAbsence, ...]]:
    """The absences of the deputy, of their deputies, and so on."""
    absences_of = {deputy.id: deputy.absences}
    latest = [deputy]
    for _ in range(MAX_DEPUTIES):
        named = {each.deputy_id for person in latest for each in person.absences if each.deputy_id is not None}
        latest = list((await list_people(store, deputy.org_id, sorted(named - absences_of.keys()))).values())
        absences_of |= {person.id: person.absences for person in latest}
    return absences_of


async def _save(store: Store, changed: Person, now: datetime) -> Document:
    saved = await save_person(store, replace(changed, version=changed.version + 1, updated_at=now))
    if saved is None:
        raise Unavailable(1, "The person is being changed.")
    return saved
