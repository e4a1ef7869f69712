"""Phones and browsers that can be pushed to: what one says about itself and whose it is; for resolvers/devices.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.ids import DeviceId, OrgId, PersonId
from domain.refusals import IdTaken, InvalidInput

MAX_PER_PERSON = 10
"""Registering one more removes the one not seen for longest."""
STALE_AFTER = timedelta(days=30)
"""A device that was not heard of for so long is sent nothing; it counts again as soon as it is heard of."""
LOST_AFTER = timedelta(days=270)
"""After so long it is forgotten: Firebase has dropped its address by then."""
CONTACT_EVERY = timedelta(days=1)
"""How exactly the time of the last contact is kept."""
_INSTALLATION = range(8, 201)
_ADDRESS = range(1, 4097)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}")


class Platform(StrEnum):
    """What kind of device it is."""

    ANDROID = "ANDROID"
    IOS = "IOS"
    WEB = "WEB"


@dataclass(frozen=True, slots=True)
class Device:
    """One installation of the app and the person signed in on it; `token` and `fid` address it at Firebase.

    Neither appears in `repr`: whoever has them may send.
    """

    id: DeviceId
    org_id: OrgId
    owner_id: PersonId
    installation_id: str
    platform: Platform
    locale: str
    app_version: str
    model: str | None
    created_at: datetime
    seen_at: datetime
    """When it last registered or was heard of otherwise (to within CONTACT_EVERY)."""
    token: str | None = field(default=None, repr=False)
    fid: str | None = field(default=None, repr=False)


def is_stale(seen_at: datetime, now: datetime) -> bool:
    """Whether nothing was heard of the device for too long to rely on it."""
    return now - seen_at >= STALE_AFTER


def problem_with(said: Mapping[str, Any]) -> InvalidInput | None:
    """The first value that can never be accepted."""
    installation = said["installation_id"]
    if len(installation) not in _INSTALLATION or not installation.isascii() or not installation.isprintable():
        return InvalidInput("installationId", "must be 8 to 200 printable ASCII characters")
    for name in ("token", "fid"):
        address = said.get(name)
        if address is not None and (len(address) not in _ADDRESS or not address.isascii() or " " in address):
            return InvalidInput(name, "must be 1 to 4096 ASCII characters without spaces")
    if not _LOCALE.fullmatch(said["locale"]):
        return InvalidInput("locale", "must be a language tag such as zh-CN")
    if not 1 <= len(said["app_version"]) <= 40:
        return InvalidInput("appVersion", "must have 1 to 40 characters")
    if len(said.get("model") or "") > 120:
        return InvalidInput("model", "must have at most 120 characters")
    return None


def register(known: Device | None, said: Device) -> Device | IdTaken:
    """The device as it is from now on: what it says now replaces everything, and who is signed in on it owns it.

    `known` is what was stored for its installation, or under its id. An id alone proves nothing: only its owner may go
    on with it after installing anew.
    """
    if known is None:
        return said
    if known.installation_id != said.installation_id and known.owner_id != said.owner_id:
        return IdTaken(said.id)
    return replace(said, id=known.id, created_at=known.created_at)
