"""Standard actions of a lead: what its tier and stage ask to be done, until when, and the evidence that it was.

domain/sop.py lays them onto a lead as it enters a stage; resolvers/standard_actions.py completes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from domain.accounts import Tier
from domain.ids import PersonId
from domain.refusals import InvalidInput, Refusal, WrongState

MAX_NOTE = 2_000
EVIDENCE = {"fil": "files", "act": "activities", "vis": "visits"}
"""Id prefix of a record that can prove an action -> its collection."""


class ActionState(StrEnum):
    """Where an action stands."""

    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class StandardAction:
    """One thing to do about one lead, in the words of the procedure when the lead entered the stage."""

    key: str
    tier: Tier
    stage: str
    name_en: str
    name_zh: str
    required: bool
    due_at: datetime
    done_at: datetime | None = None
    done_by_id: PersonId | None = None
    evidence_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownAction(Refusal):
    """The lead has no standard action of this key."""

    code: ClassVar[str] = "UNKNOWN_ACTION"
    key: str
    known: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"There is no action {self.key}; there are {', '.join(self.known) or 'none'}."


def state_of(due_at: datetime, done_at: datetime | None, *, now: datetime) -> ActionState:
    """DONE stays, however late; the rest is OVERDUE from the moment it is due."""
    if done_at is not None:
        return ActionState.DONE
    return ActionState.OVERDUE if now >= due_at else ActionState.OPEN


def note_problem(note: str | None, evidence_id: str | None) -> InvalidInput | None:
    """Why an action cannot be completed with this: there must be something to look at or to read."""
    if evidence_id is None and not (note or "").strip():
        return InvalidInput("note", "or evidenceId must be given")
    if len(note or "") > MAX_NOTE:
        return InvalidInput("note", f"must have at most {MAX_NOTE} characters")
    return None


def complete(
    actions: Sequence[StandardAction], key: str, evidence_id: str | None, note: str | None, by: PersonId, now: datetime
) -> tuple[StandardAction, ...] | UnknownAction | WrongState:
    """The actions with that one done. What was done before stays as it was proved."""
    found = next((each for each in actions if each.key == key), None)
    if found is None:
        return UnknownAction(key, tuple(each.key for each in actions if each.done_at is None))
    if found.done_at is not None:
        return WrongState(key, ActionState.DONE)
    done = replace(found, done_at=now, done_by_id=by, evidence_id=evidence_id, note=note)
    return tuple(done if each.key == key else each for each in actions)
