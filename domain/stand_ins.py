"""Who works in somebody's place: the successor of a person who leaves, the deputy of one who is away.

For the ladder of SLA clocks, hand-over, and the scope of callers (storage/stand_ins.py loads the people).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.access import CAPABILITIES, Capability, Role
from domain.attendance import is_absent
from domain.ids import PersonId
from domain.people import GONE, Person, PersonState

LEADS_TEAMS = frozenset({Role.MANAGER, Role.DIRECTOR})


def works(person: Person) -> bool:
    """Whether the person can be given work for good: active, in a role with field work."""
    return person.state is PersonState.ACTIVE and Capability.DO_FIELD_WORK in CAPABILITIES[person.role]


def can_stand_in(deputy: Person, person: Person) -> bool:
    """Whether the deputy works and sees what the person sees: who leads is followed by who leads, a rep in the team."""
    if not works(deputy) or deputy.id == person.id:
        return False
    return deputy.role in LEADS_TEAMS or (person.role is Role.REP and deputy.team_id == person.team_id)


def next_in_line(person: Person, at: datetime) -> PersonId | None:
    """To whom the person's work goes at that instant: themselves while at work; None where nobody is named."""
    if person.state in GONE:
        return person.successor_id
    if not is_absent(person, at):
        return person.id
    absence = next((each for each in person.absences if each.covers(at)), None)
    return absence.deputy_id if absence is not None else None


def working_for(person_id: PersonId, people: Mapping[PersonId, Person], at: datetime) -> PersonId | None:
    """Who at last does that person's work then; None where the chain ends with nobody or in a circle."""
    seen: set[PersonId] = set()
    while person_id not in seen:
        seen.add(person_id)
        person = people.get(person_id)
        following = next_in_line(person, at) if person is not None else None
        if following is None or following == person_id:
            return following
        person_id = following
    return None
