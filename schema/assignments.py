"""The trace of a lead's changes of hands in the schema: how, by whom, by which rule, and who was passed over why."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.assignment import AssignmentKind, SkipReason
from domain.tenure import TenureKind
from schema.fields import related, stored
from schema.scalars import described_enum

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    AssignmentKind,
    "How a lead changed hands.",
    OWN="Whoever created it keeps it.",
    MANUAL="Somebody said who gets it.",
    RULE="A rule of the assignment table.",
    POOL="It was created without an owner, or no rule found one.",
    CLAIM="Its owner took it from the pool.",
    RELEASE="It was given back to the pool.",
    RECLAIM="It lay untouched for too long and went back to the pool.",
    HAND_OVER="Whoever had it left.",
    IMPORTED="An imported file said who gets it.",
)
described_enum(
    SkipReason,
    "Why somebody did not get a lead.",
    ABSENT="Away at that time.",
    DEPARTED="Has left, or does no field work.",
    FULL="Has as many open leads as the rule allows.",
)
described_enum(
    TenureKind,
    "How the owner of a lead came by it.",
    CLAIMED="From the pool.",
    ASSIGNED="A rule or somebody else gave it to them.",
)


@strawberry.type(description="An owner's time with a lead that is not of their own making.")
class LeadTenure:
    kind: TenureKind = stored("kind", "How they came by it.")
    since: datetime = stored("since", "Since when they have it.")
    returns_at: datetime | None = stored(
        "warned_for", "When it goes back to the pool if nothing is done about it; null until they were told."
    )


@strawberry.type(description="Somebody whose turn it could have been.")
class SkippedCandidate:
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who; null where you may not see them.", key="person_id"
    )
    reason: SkipReason = stored("reason", "Why they did not get the lead.")
    limit: int | None = stored("limit", "How many open leads they may have, where they are full.")


@strawberry.type(description="One change of hands of a lead, and why. Seen by whoever sees the lead.")
class LeadAssignment:
    kind: AssignmentKind = stored("kind", "How it came about.")
    at: datetime = stored("at", "When.")
    by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who did it; null for the server, and where you may not see them.", key="by_id"
    )
    from_owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who had it before; null for nobody, and where you may not see them.", key="from_id"
    )
    to_owner: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who got it; null for the pool, and where you may not see them.", key="to_id"
    )
    rule_key: str | None = stored("rule_key", "Key of the rule that fitted first.")
    rule_name: str | None = stored("rule_name", "Its name at that time.")
    table_version: int | None = stored("table_version", "The version of the assignment table that was asked.")
    skipped: list[SkippedCandidate] = stored("skipped", "Who was passed over, and why.", default=())
    reason: str | None = stored("reason", "What was said about it.")
