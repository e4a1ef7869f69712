"""Files in the schema: what is known of them. The bytes come and go over `/files` (api/files.py)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.files import FileKind
from schema.fields import Info, computed, related, returns, stored, wanted
from schema.nodes import Node
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.leads import Lead
    from schema.people import Person
    from schema.visits import Visit

described_enum(
    FileKind,
    "What a file is to the business.",
    PROPOSAL="An offer in writing to the customer of a lead; opens gates that ask for one.",
    PHOTO="A picture.",
    OTHER="Anything else.",
)


def download_path(file_id: str) -> str:
    """Where a file's bytes are handed out (api/files.py)."""
    return f"/files/{file_id}"


@strawberry.type(description="A stored file. Its bytes never change. Who sees the record it is about sees the file.")
class File(Node):
    kind: FileKind = stored("kind", "What it is to the business.")
    name: str = stored("name", "Its name, made safe; no path.")
    content_type: str = stored("content_type", "Media type, as its first bytes prove it.")
    size_bytes: int = stored("size_bytes", "Its length in bytes.")
    sha256: str = stored("sha256", "SHA-256 of its bytes in 64 hexadecimal digits.")
    download_path: str = computed(
        download_path, "Where its bytes are, at the address of this API, with the access token.", needs=("_id",)
    )
    uploaded_at: datetime = stored("uploaded_at", "When it was stored.")
    uploaded_by_id: strawberry.ID = stored("uploaded_by_id", "Who handed it in.")
    uploaded_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who handed it in; null where you may not see them.", key="uploaded_by_id"
    )
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it is about, if it is about one.", key="lead_id"
    )
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit it is about, if it is about one.", key="visit_id"
    )
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer it belongs to, if it is about them or about a visit.", key="account_id"
    )


@strawberry.type
class FileQuery:
    @returns(File | None, "One file; null where it does not exist or you may not see it.")
    async def file(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("files", id, wanted(info, "File"))
