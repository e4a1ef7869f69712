"""Accounts in the schema: type, inputs, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.accounts import Tier
from domain.refusals import Refusal
from resolvers.accounts import NewAccount, create_account, update_account
from schema.fields import Info, mutates, related_list, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.contacts import Contact
    from schema.files import File
    from schema.leads import Lead
    from schema.norms import NormEntry
    from schema.sites import Site

described_enum(
    Tier,
    "How much an account or lead matters; decides visit interval, check-in rules and promises.",
    A="Most important: visited every 7 days.",
    B="Important: visited every 14 days.",
    C="Served when there is time: every 28 days.",
)


@strawberry.type(description="A customer.")
class Account(Node):
    name: str = stored("name", "Name as the team knows it.")
    tier: Tier = stored("tier", "How much it matters.")
    external_id: str | None = stored("external_id", "Id in the system it was imported from.")
    industry: str | None = stored("industry", "Branch of business.")
    region: str | None = stored("region", "Sales region.")
    phone: str | None = stored("phone", "Main telephone number.")
    note: str | None = stored("note", "Free text.")
    contacts: list[Annotated["Contact", strawberry.lazy("schema.contacts")]] = related_list(
        "contacts", "Its people, by name.", on="account_id", order="name"
    )
    sites: list[Annotated["Site", strawberry.lazy("schema.sites")]] = related_list(
        "sites", "Its places, by name.", on="account_id", order="name"
    )
    leads: list[Annotated["Lead", strawberry.lazy("schema.leads")]] = related_list(
        "leads", "Its leads that you may see, newest first.", on="account_id"
    )
    files: list[Annotated["File", strawberry.lazy("schema.files")]] = related_list(
        "files",
        "The files about it and about visits to it that you may see, newest first.",
        on="account_id",
        order="-uploaded_at",
    )
    insights: list[Annotated["NormEntry", strawberry.lazy("schema.norms")]] = related_list(
        "norm_entries",
        "What reps whose work you may see learnt about it, newest first.",
        on="account_id",
        order="-occurred_at",
        where={"kind": "INSIGHT"},
    )
    last_verified_visit_at: datetime | None = stored("last_verified_visit_at", "When a verified visit last ended.")
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When it was created.")
    updated_at: datetime = stored("updated_at", "When it last changed.")


@strawberry.enum(description="Order of an account list.")
class AccountOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")
    CHANGED = strawberry.enum_value("-updated_at", description="Last changed first.")


@strawberry.input(description="Which accounts; conditions that are absent do not restrict.")
class AccountFilter:
    tier: Tier | None = strawberry.field(default=None, description="Only this tier.")
    region: str | None = strawberry.field(default=None, description="Only this region.")
    owner_id: strawberry.ID | None = strawberry.field(default=None, description="Only this person's.")


@strawberry.input(description="A new account. Only name and tier are required.")
class CreateAccountInput:
    name: str = strawberry.field(description="1 to 200 characters.")
    tier: Tier = strawberry.field(description="How much it matters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: acc_ + ULID or UUID.")
    industry: str | None = strawberry.field(default=None, description="Branch of business.")
    region: str | None = strawberry.field(default=None, description="Sales region.")
    phone: str | None = strawberry.field(default=None, description="Main telephone number.")
    note: str | None = strawberry.field(default=None, description="Free text, 4000 characters at the most.")
    external_id: str | None = strawberry.field(default=None, description="Id in another system, unique.")


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class AccountChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    tier: Tier | None = strawberry.field(default=strawberry.UNSET, description="How much it matters.")
    industry: str | None = strawberry.field(default=strawberry.UNSET, description="Branch of business.")
    region: str | None = strawberry.field(default=strawberry.UNSET, description="Sales region.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Main telephone number.")
    note: str | None = strawberry.field(default=strawberry.UNSET, description="Free text.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system, unique.")


@strawberry.type
class AccountQuery:
    @returns(Account | None, "One account; null where it does not exist or you may not see it.")
    async def account(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("accounts", id, wanted(info, "Account"))

    @returns(Connection[Account] | None, "The accounts you may see.")
    async def accounts(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[AccountOrder, strawberry.argument(description="Sorting.")] = AccountOrder.NAME,
        filter: Annotated[AccountFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        where = given(filter) if filter is not None else {}
        page = await info.context.reads.page("accounts", where, request, wanted(info, "Account"))
        return as_connection(page)


@strawberry.type
class AccountMutation:
    @mutates("createAccount", "Creates an account that you own.", Account, *COMMON, IdTaken)
    async def create_account(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateAccountInput, strawberry.argument(description="The account.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_account(info.context, client_key, NewAccount(**given(input)))

    @mutates("updateAccount", "Changes an account.", Account, *COMMON, VersionConflict)
    async def update_account(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which account.")],  # noqa: A002
        changes: Annotated[AccountChanges, strawberry.argument(description="What changes.")],
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the account moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await update_account(info.context, client_key, id, given(changes), expected_version)
