"""Registering and removing devices: load, decide, save. Called by schema/devices.py."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from domain.devices import MAX_PER_PERSON, Device, Platform, problem_with, register
from domain.ids import DeviceId, is_id, new_id
from domain.refusals import IdTaken, InvalidInput, NotFound, Refusal, RetryLater
from resolvers.context import Context
from resolvers.once import Facts, Outcome, Saved, once
from storage.devices import COLLECTION, drop_stalest, find_registered, remove_devices_of, save_device
from storage.driver import Document, DuplicateKeyError
from storage.store import Store

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What an installation of the app says about itself."""

    installation_id: str
    platform: Platform
    locale: str
    app_version: str
    id: str | None = None
    token: str | None = None
    fid: str | None = None
    model: str | None = None


async def register_device(context: Context, client_key: str, given: NewDevice) -> Document | Refusal:
    """The caller's device, whoever had it before."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        if given.id is not None and not is_id("dev", given.id):
            return InvalidInput("id", "must be dev_ and a ULID or UUID")
        problem = problem_with(asdict(given))
        if problem is not None:
            return problem
        said = Device(
            id=DeviceId(given.id or new_id("dev", context.now)),
            org_id=actor.org_id,
            owner_id=actor.person_id,
            installation_id=given.installation_id,
            platform=given.platform,
            locale=given.locale,
            app_version=given.app_version,
            model=given.model,
            created_at=context.now,
            seen_at=context.now,
            token=given.token,
            fid=given.fid,
        )
        registered = register(await find_registered(store, given.installation_id, given.id), said)
        if isinstance(registered, Refusal):
            return registered
        document = await save_device(store, registered)
        await drop_stalest(store, actor.person_id, registered.id)
        return Saved(COLLECTION, document)

    outcome: Document | Refusal = RetryLater(1)
    for _ in range(_ATTEMPTS):
        # The same phone may have registered a moment ago by another call: now that it is stored, this one takes it
        # over. An id that really is somebody else's is refused again.
        with suppress(DuplicateKeyError):
            outcome = await once(context, "registerDevice", client_key, given, act)
            if not isinstance(outcome, IdTaken):
                return outcome
    return outcome


async def remove_device(context: Context, client_key: str, device_id: str) -> Document | Refusal:
    """`{"id"}` of the caller's device that is gone."""
    actor = context.me

    async def act(store: Store) -> Outcome:
        gone = is_id("dev", device_id) and await remove_devices_of(store, actor.person_id, device_id)
        return Facts({"id": device_id}) if gone else NotFound(device_id)

    return await once(context, "removeDevice", client_key, {"id": device_id}, act)


async def my_devices(context: Context, projection: Mapping[str, Any] | None = None) -> list[Document]:
    """The caller's devices, the one seen last first."""
    return await context.reads.list(COLLECTION, {}, order="-seen_at", limit=MAX_PER_PERSON, projection=projection)
