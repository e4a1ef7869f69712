"""Contacts in the schema: type, inputs, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.contacts import NewContact, create_contact, update_contact
from schema.fields import Info, mutates, related, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, IdTaken, VersionConflict
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account


@strawberry.type(description="A person at a customer.")
class Contact(Node):
    name: str = stored("name", "Name.")
    title: str | None = stored("title", "Position or role, such as Buyer.")
    phone: str | None = stored("phone", "Telephone number.")
    email: str | None = stored("email", "E-mail address.")
    note: str | None = stored("note", "Free text.")
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When it was created.")
    updated_at: datetime = stored("updated_at", "When it last changed.")


@strawberry.enum(description="Order of a contact list.")
class ContactOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="Which contacts; conditions that are absent do not restrict.")
class ContactFilter:
    account_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this account.")


@strawberry.input(description="A new contact.")
class CreateContactInput:
    account_id: strawberry.ID = strawberry.field(description="The customer.")
    name: str = strawberry.field(description="1 to 200 characters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: con_ + ULID or UUID.")
    title: str | None = strawberry.field(default=None, description="Position or role.")
    phone: str | None = strawberry.field(default=None, description="Telephone number.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    note: str | None = strawberry.field(default=None, description="Free text, 4000 characters at the most.")


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class ContactChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Position or role.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Telephone number.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    note: str | None = strawberry.field(default=strawberry.UNSET, description="Free text.")


@strawberry.type
class ContactQuery:
    @returns(Contact | None, "One contact; null where it does not exist or you may not see it.")
    async def contact(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("contacts", id, wanted(info, "Contact"))

    @returns(Connection[Contact] | None, "The contacts you may see.")
    async def contacts(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[ContactOrder, strawberry.argument(description="Sorting.")] = ContactOrder.NAME,
        filter: Annotated[ContactFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        where = given(filter) if filter is not None else {}
        page = await info.context.reads.page("contacts", where, request, wanted(info, "Contact"))
        return as_connection(page)


@strawberry.type
class ContactMutation:
    @mutates("createContact", "Adds a person to an account.", Contact, *COMMON, IdTaken)
    async def create_contact(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[CreateContactInput, strawberry.argument(description="The contact.")],  # noqa: A002
    ) -> Document | Refusal:
        return await create_contact(info.context, client_key, NewContact(**given(input)))

    @mutates("updateContact", "Changes a contact.", Contact, *COMMON, VersionConflict)
    async def update_contact(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which contact.")],  # noqa: A002
        changes: Annotated[ContactChanges, strawberry.argument(description="What changes.")],
        expected_version: Annotated[
            int | None, strawberry.argument(description="Refused as VersionConflict where the contact moved on.")
        ] = None,
    ) -> Document | Refusal:
        return await update_contact(info.context, client_key, id, given(changes), expected_version)
