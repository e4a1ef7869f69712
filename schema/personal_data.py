"""A person's own data in the schema: having it, and erasing who left."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.personal_data import DataRequestKind, DataRequestState
from domain.refusals import Refusal
from resolvers.personal_data import data_requests, erase_person, export_my_data, exported_data
from schema.fields import Info, mutates, returns, stored
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict, WrongState
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    DataRequestKind,
    "What was asked for.",
    EXPORT="To have what is kept of oneself.",
    ERASE_TRACK="To remove the track, after consent was withdrawn.",
    ERASE_PERSON="To remove everything that only says something about a person who left.",
)
described_enum(
    DataRequestState,
    "How far it is.",
    RUNNING="A worker removes what there is; done within a few minutes.",
    DONE="Done; an export is ready.",
)


@strawberry.type(description="One request about the data of a person, kept as proof for 3 years.")
class DataRequest:
    request_id: strawberry.ID = stored("_id", "Which request.")
    kind: DataRequestKind = stored("kind", "What was asked for.")
    state: DataRequestState = stored("state", "How far it is.")
    person_id: strawberry.ID = stored("owner_id", "About whom.")
    requested_at: datetime = stored("requested_at", "When.")
    requested_by: strawberry.ID | None = stored("requested_by", "By whom; null: whoever operates the server.")
    finished_at: datetime | None = stored("finished_at", "When it was done.")
    removed: int = stored("removed", "How many records were removed.", default=0)
    parts: list[str] = stored("parts", "Of an export: what to ask `exportedData` for, one after the other.")
    readable_until: datetime | None = stored("readable_until", "Of an export: how long its parts may be read.")


@strawberry.type(description="One record that is kept of you.")
class ExportedRecord:
    subject_id: strawberry.ID = stored("_id", "Its id.")
    json: str = stored("json", "The record as it is stored, as a JSON object; times are UTC. Keys may change.")


@strawberry.type
class PersonalDataQuery:
    @returns(Connection[DataRequest] | None, "Requests about your data, latest first; for administrators everybody's.")
    async def data_requests(self, info: Info, first: First = 20, after: After = None) -> Document:
        return as_connection(await data_requests(info.context, page_request(first, after)))

    @returns(
        Connection[ExportedRecord] | None,
        "One part of your export; null where it is not yours, has no such part, or its day is over.",
    )
    async def exported_data(
        self,
        info: Info,
        request_id: Annotated[strawberry.ID, strawberry.argument(description="What `exportMyData` answered.")],
        part: Annotated[str, strawberry.argument(description="One of its parts.")],
        first: First = 100,
        after: After = None,
    ) -> Document | None:
        page = await exported_data(info.context, request_id, part, page_request(first, after))
        return None if page is None else as_connection(page)


@strawberry.type
class PersonalDataMutation:
    @mutates(
        "exportMyData",
        "Asks for everything that is kept of you: read its parts within 24 hours. Nothing is copied meanwhile.",
        DataRequest,
        *COMMON,
    )
    async def export_my_data(self, info: Info, client_key: ClientKey) -> Document | Refusal:
        return await export_my_data(info.context, client_key)

    @mutates(
        "erasePerson",
        "Takes the name and address from a person who was deactivated and removes what only says something about "
        "them: track, check-ins, plans, devices, notices. Records of work stay under an id that says nothing. "
        "Cannot be undone. For administrators.",
        DataRequest,
        *COMMON,
        WrongState,
        VersionConflict,
    )
    async def erase_person(
        self,
        info: Info,
        client_key: ClientKey,
        person_id: Annotated[strawberry.ID, strawberry.argument(description="Who.")],
        reason: Annotated[str, strawberry.argument(description="Why, 1 to 1,000 characters, for the audit trail.")],
    ) -> Document | Refusal:
        return await erase_person(info.context, client_key, person_id, reason)
