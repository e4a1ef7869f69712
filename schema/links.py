"""One-time links in the schema: what inviting and resetting answer; used by schema/people.py and schema/sessions.py."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import sessions as domain
from domain.sessions import LinkPurpose
from schema.fields import related, stored
from schema.refusals import shown
from schema.scalars import described_enum

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    LinkPurpose,
    "What the holder of a one-time link may do.",
    INVITATION="Choose the first password: `acceptInvitation`, within 7 days.",
    PASSWORD_RESET="Choose a new password: `resetPassword`, within 24 hours.",  # noqa: S106
)
LinkInvalid = shown(domain.LinkInvalid)


@strawberry.type(description="A link to hand to a person; asking for another one makes it worthless.")
class OneTimeLink:
    purpose: LinkPurpose = stored("purpose", "What it opens.")
    token: str | None = stored(
        "token", "What belongs in the link. Shown to whoever asked for it only; null where it can be shown no more."
    )
    expires_at: datetime = stored("expires_at", "Until when it works, once.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Whom it is for.", key="person_id"
    )
