"""The audit trail in the schema: who did what, when and why."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.access import Role
from resolvers.audit import AuditFilter, audit_trail
from schema.fields import Info, related, returns, stored
from schema.inputs import given
from schema.paging import After, Connection, First, as_connection, page_request
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person


@strawberry.type(description="One deed that changed rules, rights or records for others. Never changed; kept 3 years.")
class AuditEntry:
    entry_id: strawberry.ID = stored("_id", "Which entry.")
    at: datetime = stored("at", "When.")
    action: str = stored("action", "Name of the mutation, or of the operator's command.")
    actor_id: strawberry.ID | None = stored("actor_id", "Who; null: whoever operates the server, by a command.")
    actor: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "The person who did it.", key="actor_id"
    )
    actor_role: Role | None = stored("actor_role", "What they were in the organization then.")
    subject_id: strawberry.ID | None = stored("record_id", "To which record.")
    reason: str | None = stored("reason", "Why, where the mutation asks for it.")
    changed: list[str] = stored("changed", "What was set, such as `phone` or `role=MANAGER`.", default=())


@strawberry.input(description="Which entries; all of what is given must hold.")
class AuditFilterInput:
    action: str | None = strawberry.field(default=None, description="Name of the mutation or command.")
    actor_id: strawberry.ID | None = strawberry.field(default=None, description="Who did it.")
    record_id: strawberry.ID | None = strawberry.field(default=None, description="To which record.")


@strawberry.type
class AuditQuery:
    @returns(Connection[AuditEntry] | None, "Who did what and why, latest first. For administrators.")
    async def audit_trail(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            AuditFilterInput | None, strawberry.argument(description="Which entries; absent: all.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        wanted = AuditFilter(**given(filter)) if filter is not None else AuditFilter()
        return as_connection(await audit_trail(info.context, wanted, page_request(first, after, "-at")))
