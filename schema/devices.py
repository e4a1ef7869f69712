"""Devices in the schema: type, input, query and mutations. Addresses go in and never come out."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.devices import Platform
from domain.refusals import Refusal
from resolvers.devices import NewDevice, my_devices, register_device, remove_device
from schema.fields import Info, computed, mutates, returns, stored, wanted
from schema.inputs import given
from schema.nodes import Node
from schema.paging import ClientKey
from schema.refusals import COMMON, IdTaken
from schema.scalars import described_enum
from storage.driver import Document

described_enum(
    Platform,
    "What kind of device it is.",
    ANDROID="A phone or tablet with Android.",
    IOS="An iPhone or iPad.",
    WEB="A browser.",
)


def _is_reachable(token: str | None, fid: str | None) -> bool:
    return token is not None or fid is not None


@strawberry.type(description="An installation of the app that you are signed in on. Only you see your devices.")
class Device(Node):
    installation_id: str = stored("installation_id", "What the app calls this installation.")
    platform: Platform = stored("platform", "What kind of device it is.")
    locale: str = stored("locale", "Language of the device.")
    app_version: str = stored("app_version", "Version of the app.")
    model: str | None = stored("model", "What the maker calls it.")
    reachable: bool = computed(_is_reachable, "Whether it gave an address for push messages.", needs=("token", "fid"))
    created_at: datetime = stored("created_at", "When it first registered.")
    seen_at: datetime = stored("seen_at", "When it was last heard of; after 30 days nothing is sent to it.")


@strawberry.type(description="A device that is no longer registered.")
class RemovedDevice:
    device_id: strawberry.ID = stored("id", "Its former id.")


@strawberry.input(description="An installation of the app as it is now. What is absent is forgotten.")
class RegisterDeviceInput:
    installation_id: str = strawberry.field(
        description="Made by the app when it is installed, 8 to 200 characters nobody can guess, and kept secret."
    )
    platform: Platform = strawberry.field(description="What kind of device it is.")
    locale: str = strawberry.field(description="Language of the device, such as zh-CN.")
    app_version: str = strawberry.field(description="Version of the app, 1 to 40 characters.")
    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Made on the device: dev_ + ULID or UUID, as in signIn. Keep the id of the answer.",
    )
    token: str | None = strawberry.field(default=None, description="FCM registration token, where there is one.")
    fid: str | None = strawberry.field(default=None, description="Firebase installation id, where there is one.")
    model: str | None = strawberry.field(default=None, description="What the maker calls it, 120 characters at most.")


@strawberry.type
class DeviceQuery:
    @returns(list[Device] | None, "Your devices, the one seen last first; 10 at the most.")
    async def my_devices(self, info: Info) -> list[Document]:
        return await my_devices(info.context, wanted(info, "Device"))


@strawberry.type
class DeviceMutation:
    @mutates(
        "registerDevice",
        "Says where you are reached; call it after signing in and whenever a value changes. A phone that somebody "
        "else was signed in on is yours from then on.",
        Device,
        *COMMON,
        IdTaken,
    )
    async def register_device(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[RegisterDeviceInput, strawberry.argument(description="The device.")],  # noqa: A002
    ) -> Document | Refusal:
        return await register_device(info.context, client_key, NewDevice(**given(input)))

    @mutates("removeDevice", "Ends push messages to one of your devices.", RemovedDevice, *COMMON)
    async def remove_device(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which device.")],  # noqa: A002
    ) -> Document | Refusal:
        return await remove_device(info.context, client_key, id)
