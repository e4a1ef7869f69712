"""Who is told in place of somebody who is away or whom nothing reaches; for storage/outbox.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

from domain.deliveries import OPEN, Delivery, DeliveryState
from domain.ids import OrgId, PersonId, TeamId
from domain.ladder import ASKING, told_instead, unreachable_notice
from domain.notices import Notice, Priority
from domain.people import Person, Team, superiors
from storage.people import list_people, list_teams
from storage.stand_ins import list_working
from storage.store import Store
from storage.times import stored_time

ENDED = frozenset({DeliveryState.DEAD_TARGET, DeliveryState.POISON, DeliveryState.EXPIRED})
"""Deliveries that reached nobody and will not."""
Address = Callable[[Sequence[Notice]], Awaitable[list[Delivery]]]


async def list_told_instead(store: Store, notices: Sequence[Notice], now: datetime) -> dict[str, Notice]:
    """By the notice that asks something of a person who is away: what whoever works for them is told.

    That is the deputy, else the next level. One read while everybody is at work.
    """
    asking = [each for each in notices if each.kind in ASKING]
    if not asking:
        return {}
    org_id = asking[0].org_id
    people = await list_people(store, org_id, list(dict.fromkeys(each.owner_id for each in asking)))
    working = await list_working(store, org_id, people, now)
    away = {key: person for key, person in people.items() if working[key] != key}
    if not away:
        return {}
    teams = await list_teams(store, org_id) if any(working[key] is None for key in away) else {}
    found: dict[str, Notice] = {}
    for notice in asking:
        person = away.get(notice.owner_id)
        if person is None:
            continue
        other = working[person.id] or next(iter(await _acting_above(store, org_id, person, teams, now)), None)
        if other is not None:
            found[notice.id] = told_instead(notice, other)
    return found


async def list_unreachable(
    store: Store, unheard: Sequence[Notice], told: Collection[tuple[str, PersonId]], address: Address, now: datetime
) -> list[Notice]:
    """What the next level is told of notices that reach nobody: the nearest superior who can be reached, else the
    nearest. Nothing where a superior was told the same (`told`: dedupe key and recipient) and can be reached."""
    if not unheard:
        return []
    org_id = unheard[0].org_id
    people = await list_people(store, org_id, list(dict.fromkeys(each.owner_id for each in unheard)))
    teams = await list_teams(store, org_id)
    found = []
    for notice in unheard:
        person = people.get(notice.owner_id)
        above = await _acting_above(store, org_id, person, teams, now) if person is not None else []
        offers = [unreachable_notice(notice, each, now) for each in above]
        reached = {row.owner_id for row in await address(offers)} if offers else set()
        first = next((each for each in offers if each.owner_id in reached), next(iter(offers), None))
        if first is not None and (notice.dedupe_key, first.owner_id) not in told:
            found.append(first)
    return found


async def _acting_above(
    store: Store, org_id: OrgId, person: Person, teams: Mapping[TeamId, Team], now: datetime
) -> list[PersonId]:
    """Who works in the place of each superior, nearest first; never the person."""
    chain = superiors(person.id, person.team_id, teams)
    working = await list_working(store, org_id, chain, now) if chain else {}
    acting = dict.fromkeys(working.get(each) for each in chain)
    return [each for each in acting if each is not None and each != person.id]


async def list_ended(store: Store, deliveries: str, since: datetime, limit: int) -> list[str]:
    """Notices of which an urgent delivery ended since then without having reached anybody."""
    notices: dict[str, None] = {}
    for state in sorted(ENDED):
        for priority in (Priority.CRITICAL, Priority.HIGH):
            query = {"state": state.value, "priority": priority.value, "next_at": {"$gt": stored_time(since)}}
            found = await store[deliveries].find(query, projection={"notice_id": 1}, limit=limit)
            notices |= dict.fromkeys(each["notice_id"] for each in found)
    return list(notices)


async def is_unheard(store: Store, deliveries: str, notice: Notice) -> bool | None:
    """Whether somebody still has to hear of it and each of its deliveries ended without having reached anybody.

    None while one of them is under way.
    """
    if notice.is_settled or notice.read_at is not None:
        return False
    found = await store[deliveries].find({"notice_id": notice.id}, projection={"state": 1}, limit=100)
    states = {DeliveryState(each["state"]) for each in found}
    return None if states & OPEN else bool(states) and states <= ENDED
