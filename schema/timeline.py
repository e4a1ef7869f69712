"""The customer timeline in the schema: everything about an account in one list."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.timeline import EntryKind
from resolvers.timeline import customer_timeline
from schema.accounts import Account
from schema.activities import Activity
from schema.check_ins import CheckIn
from schema.contacts import Contact
from schema.fields import Info, returns, stored
from schema.files import File
from schema.leads import Lead
from schema.notices import Notice
from schema.paging import After, Connection, First, as_connection, page_request
from schema.scalars import described_enum
from schema.visits import Visit
from storage.driver import Document

described_enum(
    EntryKind,
    "What an entry of the customer timeline is.",
    ACCOUNT="The customer was created.",
    CONTACT="A contact was created.",
    LEAD="A prospect showed up.",
    ACTIVITY="Something was said or done about a lead.",
    VISIT="A visit, at its planned time or the time it began.",
    CHECK_IN="Somebody checked in or out at a site.",
    NOTICE="Something you were told about a lead.",
    FILE="A file was stored.",
)
TimelineRecord = Annotated[
    Account | Contact | Lead | Activity | Visit | CheckIn | Notice | File,
    strawberry.union("TimelineRecord", description="The record behind an entry of the customer timeline."),
]


@strawberry.type(description="One thing that happened with a customer.")
class TimelineEntry:
    at: datetime = stored("at", "When it happened.")
    kind: EntryKind = stored("kind", "What it is.")
    record: TimelineRecord = stored("record", "The record itself, whole.")


@strawberry.type
class TimelineQuery:
    @returns(
        Connection[TimelineEntry] | None,
        "A customer with contacts, leads, activities, visits, check-ins, your notices and files in one list, newest "
        "first; what you may not see is not in it. Null where you may not see the customer. Activities, notices and "
        "files of the newest 500 leads.",
    )
    async def customer_timeline(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="The customer.")],
        first: First = 20,
        after: After = None,
        kinds: Annotated[
            list[EntryKind] | None, strawberry.argument(description="Only these kinds; absent or empty: all.")
        ] = None,
    ) -> Document | None:
        request = page_request(first, after)
        page = await customer_timeline(info.context, account_id, request, frozenset(kinds or ()))
        return None if page is None else as_connection(page)
