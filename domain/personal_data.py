"""What people may ask for of their own data: to have it and to have it removed; for resolvers/personal_data.py.

A request is kept as proof. Removing goes on in a worker, in passes, until nothing that was under way can follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.ids import DataRequestId, OrgId, PersonId, new_id
from domain.people import Person, PersonState
from domain.refusals import WrongState

EXPORT_LASTS: Final = timedelta(hours=24)
"""So long the parts of an export may be read."""
SETTLES: Final = timedelta(minutes=2)
"""Longer than a transaction may take: whatever began before the request is found by a pass after that."""
UNDER_WAY: Final = timedelta(seconds=10)
"""What arrives so shortly after a withdrawal may have been accepted before it."""


class DataRequestKind(StrEnum):
    """What was asked for."""

    EXPORT = "EXPORT"
    ERASE_TRACK = "ERASE_TRACK"
    ERASE_PERSON = "ERASE_PERSON"


class DataRequestState(StrEnum):
    """How far it is."""

    RUNNING = "RUNNING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class DataRequest:
    """One request about the data of `owner_id`. `passes` is its version as well."""

    id: DataRequestId
    org_id: OrgId
    owner_id: PersonId
    kind: DataRequestKind
    state: DataRequestState
    requested_at: datetime
    requested_by: PersonId | None
    """None: whoever operates the server, by a command."""
    next_at: datetime | None = None
    """When a worker looks next; None once done."""
    finished_at: datetime | None = None
    removed: int = 0
    passes: int = 0

    def is_readable(self, now: datetime) -> bool:
        """Whether the parts of this export may be read."""
        return self.kind is DataRequestKind.EXPORT and now < self.requested_at + EXPORT_LASTS


def begin(
    org_id: OrgId, person_id: PersonId, kind: DataRequestKind, requested_by: PersonId | None, now: datetime
) -> DataRequest:
    """A request as it is made: an export is ready at once, removing begins."""
    removes = kind is not DataRequestKind.EXPORT
    return DataRequest(
        id=DataRequestId(new_id("drq", now)),
        org_id=org_id,
        owner_id=person_id,
        kind=kind,
        state=DataRequestState.RUNNING if removes else DataRequestState.DONE,
        requested_at=now,
        requested_by=requested_by,
        next_at=now if removes else None,
        finished_at=None if removes else now,
    )


def after_pass(request: DataRequest, removed: int, now: datetime) -> DataRequest:
    """The request after a worker removed what there was. The last pass is one that begins after everything settled."""
    passed = replace(request, removed=request.removed + removed, passes=request.passes + 1)
    if now >= request.requested_at + SETTLES:
        return replace(passed, state=DataRequestState.DONE, next_at=None, finished_at=now)
    return replace(passed, next_at=request.requested_at + SETTLES)


def erased(person: Person, now: datetime) -> Person | WrongState:
    """The person without anything that says who they were; only of who left. Their id stays in the records of work."""
    if person.erased_at is not None:
        return WrongState(person.id, "ERASED")
    if person.state is not PersonState.DEACTIVATED:
        return WrongState(person.id, person.state)
    return replace(
        person,
        name=f"Erased {person.id[-6:]}",
        email=f"{person.id.lower()}@erased.invalid",
        phone=None,
        external_id=None,
        start_point=None,
        start_given=None,
        roster=None,
        absences=(),
        covers=(),
        preferences=None,
        erased_at=now,
        updated_at=now,
        version=person.version + 1,
    )
