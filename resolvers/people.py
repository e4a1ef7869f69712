"""Inviting, changing and deactivating people, and their rosters. Called by schema/people.py and the importer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.access import Actor, Capability, Role, Scope
from domain.errors import Forbidden
from domain.ids import OrgId, PersonId, TeamId, is_id, new_id
from domain.people import (
    GONE,
    EmailTaken,
    LastAdmin,
    Person,
    PersonState,
    normal_email,
    problem_with,
    revise_person,
    team_problem,
)
from domain.refusals import InvalidInput, NotFound, Refusal, VersionConflict, WrongState
from domain.sessions import EndReason, LinkPurpose
from domain.shifts import Absence, Roster, work_times
from resolvers import hand_overs
from resolvers.context import Context
from resolvers.links import issue_link, with_token
from resolvers.once import Outcome, Saved, once
from storage.bindings import move_bindings, remove_bindings_of
from storage.credentials import drop_links
from storage.devices import remove_devices_of
from storage.driver import Document, DuplicateKeyError
from storage.hand_overs import COLLECTION as HAND_OVERS
from storage.people import (
    ORGANIZATIONS,
    PEOPLE,
    find_by_email,
    find_person,
    find_team,
    has_other_admin,
    insert_person,
    save_person,
)
from storage.sessions import end_sessions
from storage.store import Store

OWN_FIELDS = frozenset({"name", "phone", "locale", "start_point"})
"""What people may change of themselves."""
MAX_ROSTER_DATES = 400


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What an administrator says about somebody new; zone and locale default to the organization's."""

    email: str
    name: str
    role: Role
    team_id: str | None = None
    id: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    phone: str | None = None
    external_id: str | None = None


async def invite_person(context: Context, client_key: str, given: NewPerson) -> Document | Refusal:
    """The invitation with its token, which a repeated call derives again. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        person = await _new_person(context, store, actor.org_id, given)
        if isinstance(person, Refusal):
            return person
        await insert_person(store, person)
        return await issue_link(context, store, "invitePerson", client_key, person, LinkPurpose.INVITATION)

    try:
        answer = await once(context, "invitePerson", client_key, given, act)
    except DuplicateKeyError as taken:
        return _email_taken(taken, given.email)
    return with_token(context, "invitePerson", client_key, answer)


async def _new_person(context: Context, store: Store, org_id: OrgId, given: NewPerson) -> Person | Refusal:
    if given.id is not None and not is_id("per", given.id):
        return InvalidInput("id", "must be per_ and a ULID or UUID")
    organization = await store[ORGANIZATIONS].find_one({"_id": org_id}) or {}
    described: dict[str, Any] = {
        "email": normal_email(given.email),
        "name": given.name,
        "locale": given.locale or organization.get("locale"),
        "time_zone": given.time_zone or organization.get("time_zone"),
        "phone": given.phone,
        "external_id": given.external_id,
    }
    team_id = TeamId(given.team_id) if given.team_id else None
    problem = problem_with(described) or team_problem(given.role, team_id)
    if problem is not None:
        return problem
    missing = await _missing_team(store, org_id, team_id)
    if missing is not None:
        return missing
    if await find_by_email(store, normal_email(given.email)) is not None:
        return EmailTaken(normal_email(given.email))
    return Person(
        id=PersonId(given.id or new_id("per", context.now)),
        org_id=org_id,
        role=given.role,
        team_id=team_id,
        state=PersonState.INVITED,
        created_at=context.now,
        updated_at=context.now,
        **described,
    )


async def _missing_team(store: Store, org_id: OrgId, team_id: TeamId | None) -> NotFound | None:
    if team_id is None or await find_team(store, Scope.whole_organization(org_id), team_id) is not None:
        return None
    return NotFound(team_id)


def _email_taken(taken: DuplicateKeyError, email: str | None) -> EmailTaken:
    if email is None or "email" not in (taken.details or {}).get("keyValue", {}):
        raise taken
    return EmailTaken(normal_email(email))


async def update_person(
    context: Context, client_key: str, person_id: str, changes: Mapping[str, Any], expected_version: int | None
) -> Document | Refusal:
    """The changed person. Raises Forbidden for others than administrators, except for OWN_FIELDS of oneself."""
    actor = context.me
    if not actor.can(Capability.MANAGE_PEOPLE) and (person_id != actor.person_id or not set(changes) <= OWN_FIELDS):
        raise Forbidden(f"Your role does not include {Capability.MANAGE_PEOPLE}.")
    changed = dict(changes)
    if changed.get("email"):
        changed["email"] = normal_email(changed["email"])

    async def act(store: Store) -> Outcome:
        # Not the caller's scope: people without a team still change themselves.
        person = await find_person(store, Scope.whole_organization(actor.org_id), person_id)
        if person is None:
            return NotFound(person_id)
        revised = revise_person(person, changed, expected_version, context.now)
        if isinstance(revised, Refusal):
            return revised
        missing = await _missing_team(store, actor.org_id, revised.team_id)
        if missing is not None:
            return missing
        if revised.email != person.email and await find_by_email(store, revised.email) is not None:
            return EmailTaken(revised.email)
        if revised.role is not Role.ADMIN and await _is_last_admin(store, person):
            return LastAdmin(person.id)
        return await _saved(store, person, revised)

    given = {"id": person_id, "changes": changed, "expected_version": expected_version}
    try:
        return await once(context, "updatePerson", client_key, given, act)
    except DuplicateKeyError as taken:
        return _email_taken(taken, changed.get("email"))


async def deactivate_person(
    context: Context, client_key: str, person_id: str, successor_id: str | None = None
) -> Document | Refusal:
    """The person, who can do nothing any more from now on; what is open of theirs goes to the successor.

    LEAVING while it moves, DEACTIVATED where there is nothing. Raises Forbidden.
    """
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        left = await _leave(context, store, actor, person_id, successor_id)
        return left if isinstance(left, Refusal) else Saved(PEOPLE, left[0])

    # As before there was a successor, so that a call repeated across an upgrade is still the same call.
    given = {"id": person_id} | ({"successor_id": successor_id} if successor_id is not None else {})
    return await once(context, "deactivatePerson", client_key, given, act)


async def start_departure(context: Context, client_key: str, person_id: str, successor_id: str) -> Document | Refusal:
    """As `deactivate_person`; answers the hand-over, to be followed. Raises Forbidden."""
    actor = context.require(Capability.MANAGE_PEOPLE)

    async def act(store: Store) -> Outcome:
        left = await _leave(context, store, actor, person_id, successor_id)
        if isinstance(left, Refusal):
            return left
        assert left[1] is not None  # there is a successor
        return Saved(HAND_OVERS, left[1])

    given = {"id": person_id, "successor_id": successor_id}
    return await once(context, "startDeparture", client_key, given, act)


async def _leave(
    context: Context, store: Store, actor: Actor, person_id: str, successor_id: str | None
) -> tuple[Document, Document | None] | Refusal:
    person = await find_person(store, actor.scope, person_id)
    if person is None:
        return NotFound(person_id)
    if person.state in GONE:
        return WrongState(person_id, person.state)
    if await _is_last_admin(store, person):
        return LastAdmin(person.id)
    begun = await hand_overs.begin(store, actor, person, successor_id, context.now, context.services.outbox)
    if isinstance(begun, Refusal):
        return begun
    await end_sessions(store, person.org_id, person.id, EndReason.DEACTIVATED, context.now)
    await drop_links(store, person.org_id, person.id)
    await remove_devices_of(store, person.id)
    await remove_bindings_of(store, person.id)
    return begun


@dataclass(frozen=True, slots=True)
class GivenRoster:
    """A roster as people write it: seven texts such as `09:00-12:00 13:00-18:00`, Monday first; empty is a free day."""

    weekly: Sequence[str]
    exceptions: Sequence[Mapping[str, str]] = ()
    """`date` (ISO) and `times`."""
    absences: Sequence[Mapping[str, str]] = ()
    """`first` and `last`, ISO dates, both included."""

    def parsed(self, zone: str) -> Roster | InvalidInput:
        """The roster in the person's zone."""
        if len(self.exceptions) + len(self.absences) > MAX_ROSTER_DATES:
            return InvalidInput("roster", f"may hold {MAX_ROSTER_DATES} exceptions and absences")
        try:
            return Roster(
                zone,
                tuple(work_times(each) for each in self.weekly),
                {each["date"]: work_times(each["times"]) for each in self.exceptions},
                tuple(Absence(each["first"], each["last"]) for each in self.absences),
            )
        except ValueError as problem:
            return InvalidInput("roster", str(problem))


async def set_roster(
    context: Context, client_key: str, person_id: str, given: GivenRoster, expected_version: int | None
) -> Document | Refusal:
    """The person with the new roster. Raises Forbidden."""
    actor = context.require(Capability.PLAN_FOR_OTHERS)

    async def act(store: Store) -> Outcome:
        person = await find_person(store, actor.scope, person_id)
        if person is None:
            return NotFound(person_id)
        if expected_version is not None and expected_version != person.version:
            return VersionConflict(person_id, person.version)
        roster = given.parsed(person.time_zone)
        if isinstance(roster, InvalidInput):
            return roster
        planned = replace(person, roster=roster, version=person.version + 1, updated_at=context.now)
        return await _saved(store, person, planned)

    what = {"id": person_id, "roster": given, "expected_version": expected_version}
    return await once(context, "setRoster", client_key, what, act)


async def _is_last_admin(store: Store, person: Person) -> bool:
    if person.role is not Role.ADMIN or person.state is not PersonState.ACTIVE:
        return False
    return not await has_other_admin(store, person.org_id, person.id)


async def _saved(store: Store, before: Person, after: Person) -> Outcome:
    saved = await save_person(store, after)
    if after.team_id != before.team_id:
        await move_bindings(store, after.id, after.team_id)
    return Saved(PEOPLE, saved) if saved is not None else VersionConflict(before.id, before.version)
