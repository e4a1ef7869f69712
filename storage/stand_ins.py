"""Loads who works in whose place; for the SLA watcher, hand-over, and the outbox when it tells people something."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.absences import MAX_DEPUTIES
from domain.ids import OrgId, PersonId, TeamId
from domain.people import Person, superiors
from domain.stand_ins import next_in_line, working_for
from storage.people import list_people, list_teams
from storage.store import Store


async def list_working(
    store: Store, org_id: OrgId, person_ids: Iterable[PersonId], at: datetime
) -> dict[PersonId, PersonId | None]:
    """For each person who does their work at that instant, None where nobody does.

    One read while all are at work, one more for each step of a chain of deputies.
    """
    asked = list(dict.fromkeys(person_ids))
    people: dict[PersonId, Person] = {}
    missing = asked
    for _ in range(MAX_DEPUTIES):
        found = await list_people(store, org_id, missing)
        people |= found
        named = (next_in_line(each, at) for each in found.values())
        missing = [each for each in dict.fromkeys(named) if each is not None and each not in people]
        if not missing:
            break
    return {each: working_for(each, people, at) for each in asked}


async def acting_superior(
    store: Store, org_id: OrgId, person_id: PersonId, team_id: TeamId | None, at: datetime
) -> PersonId | None:
    """Who is told of what concerns the person: the superior or who stands in, else the next level; never themselves."""
    above = superiors(person_id, team_id, await list_teams(store, org_id))
    working = await list_working(store, org_id, above, at)
    acting = (working[each] for each in above)
    return next((each for each in acting if each is not None and each != person_id), None)
