"""Activities in the schema: what was said and done about a lead."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import schema.visits  # noqa: F401 - gives VisitOutcome its words
from domain.activities import ActivityKind, Direction, Evidence
from domain.refusals import Refusal
from domain.visits import VisitOutcome
from resolvers.activities import NewActivity, log_activity, release_activity
from schema.fields import Info, mutates, related, stored
from schema.inputs import given
from schema.nodes import Node
from schema.paging import ClientKey
from schema.refusals import COMMON, IdTaken, VersionConflict
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.leads import Lead
    from schema.people import Person

described_enum(
    ActivityKind,
    "How a prospect was dealt with.",
    CALL="A telephone call.",
    EMAIL="An e-mail.",
    MESSAGE="A text or chat message.",
    MEETING="A conversation in person or by video.",
    NOTE="Something written down; never a contact.",
    VISIT="A visit to the prospect; a human contact whoever began it.",
)
described_enum(
    Direction,
    "Who began.",
    INBOUND="The prospect. What they begin does not stop a clock, except a visit.",
    OUTBOUND="We did.",
)
described_enum(
    Evidence,
    "What an activity rests on.",
    CALL_LOG="The phone's call log.",
    MESSAGE_ID="The id of a message that was sent.",
    VISIT="A visit with a check-in.",
    DECLARED="The word of whoever logged it; after 2 min it withdraws no breach until a manager vouches for it.",
)


@strawberry.type(description="One thing that was said or done about a lead.")
class Activity(Node):
    kind: ActivityKind = stored("kind", "How.")
    direction: Direction = stored("direction", "Who began.")
    automatic: bool = stored("automatic", "Whether software did it; automatic activities are no human contact.")
    evidence: Evidence = stored("evidence", "What it rests on.")
    evidence_ref: str | None = stored("evidence_ref", "Such as the id of the message.")
    occurred_at: datetime = stored("occurred_at", "When it happened.")
    created_at: datetime = stored("created_at", "When the server was told.")
    note: str | None = stored("note", "Free text.")
    stage: str | None = stored("stage", "Key of the lead's stage at the time.")
    covered: list[str] = stored("covered", "Keys of what it covered, for coaching rules.", default=())
    by_id: strawberry.ID | None = stored("by_id", "The person who did it.")
    visit_id: strawberry.ID | None = stored("visit_id", "The visit it happened on.")
    outcome: VisitOutcome | None = stored("outcome", "What the visit led to.")
    next_step: str | None = stored("next_step", "What comes next after the visit.")
    released_at: datetime | None = stored("released_at", "When a manager vouched for it.")
    released_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who vouched for it.", key="released_by_id"
    )
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related("leads", "The lead.", key="lead_id")


@strawberry.input(description="Something that was done. A human contact stops the lead's clock and starts the next.")
class LogActivityInput:
    lead_id: strawberry.ID = strawberry.field(description="The lead.")
    kind: ActivityKind = strawberry.field(description="How.")
    direction: Direction = strawberry.field(default=Direction.OUTBOUND, description="Who began.")
    automatic: bool = strawberry.field(default=False, description="Whether software did it, such as a mail campaign.")
    evidence: Evidence = strawberry.field(default=Evidence.DECLARED, description="What it rests on.")
    occurred_at: datetime | None = strawberry.field(
        default=None, description="When it happened, up to 72 h back; absent: now."
    )
    note: str | None = strawberry.field(default=None, description="Free text, 4000 characters at the most.")
    evidence_ref: str | None = strawberry.field(default=None, description="Such as the id of the message.")
    visit_id: strawberry.ID | None = strawberry.field(
        default=None, description="The visit; needed where the evidence is VISIT."
    )
    covered: list[str] | None = strawberry.field(
        default=None, description="Keys of what it covered, 20 at the most, such as PAIN_QUESTION."
    )
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: act_ + ULID or UUID.")


@strawberry.type
class ActivityMutation:
    @mutates("logActivity", "Writes down what was done about a lead.", Activity, *COMMON, IdTaken, VersionConflict)
    async def log_activity(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[LogActivityInput, strawberry.argument(description="What was done.")],  # noqa: A002
    ) -> Document | Refusal:
        return await log_activity(info.context, client_key, NewActivity(**given(input)))

    @mutates(
        "releaseActivity",
        "Vouches for an activity that was only declared, and late: a breach that it disproves is withdrawn. Not for "
        "your own; needs ASSIGN_LEADS.",
        Activity,
        *COMMON,
        VersionConflict,
    )
    async def release_activity(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which activity.")],  # noqa: A002
    ) -> Document | Refusal:
        return await release_activity(info.context, client_key, id)
