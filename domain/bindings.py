"""Where people and teams are reached beside their phones: accounts and robots of other services, browsers.

Rules for resolvers/bindings.py; the outbox makes a delivery for each binding of a recipient, push/ sends to it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from domain.ids import BindingId, OrgId, PersonId, TeamId
from domain.notices import Priority, derived_id
from domain.refusals import InvalidInput, Refusal

MAX_PER_HOLDER = 10
_LABEL = 60
_LONGEST_URL = 2_048


class BoundChannel(StrEnum):
    """A channel whose addresses are bound; in lower case it is the channel's name in deliveries and settings."""

    WECOM_BOT = "WECOM_BOT"
    WECOM_APP = "WECOM_APP"
    DINGTALK = "DINGTALK"
    FEISHU = "FEISHU"
    LARK = "LARK"
    WEB_PUSH = "WEB_PUSH"
    APPRISE = "APPRISE"

    @property
    def channel_name(self) -> str:
        """The name in deliveries and settings."""
        return self.value.lower()


PERSONAL = frozenset({BoundChannel.WECOM_APP, BoundChannel.WEB_PUSH})
"""Channels that reach one person and so belong to no team."""
SIGNED = frozenset({BoundChannel.DINGTALK, BoundChannel.FEISHU, BoundChannel.LARK})
"""Robots that may ask for a signature."""
OF_A_SESSION = frozenset({BoundChannel.WEB_PUSH})
"""Addresses of the very browser that somebody is signed in on."""
VOUCHED = frozenset({BoundChannel.WECOM_APP})
"""Addresses that say whose they are: not by the person alone, or anybody could have a colleague's messages."""
PUSH_SERVICES = (
    "https://fcm.googleapis.com",
    "https://updates.push.services.mozilla.com",
    "https://web.push.apple.com",
    "https://*.notify.windows.com",
)
"""Origins that browsers subscribe at: an endpoint is a URL this server calls, so it may not be just any."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One address of a person or team. Neither it nor the keys beside it appear in `repr`: they allow to send.

    `address` is the part of a robot's URL that is its own, a user id, a browser's endpoint, or a URL of Apprise;
    `secret` signs for a robot or is the browser's `auth`, `public_key` its `p256dh`.
    """

    id: BindingId
    org_id: OrgId
    holder_id: PersonId | TeamId
    team_id: TeamId | None
    """The team itself, or the person's: whose managers see it."""
    channel: BoundChannel
    address: str = field(repr=False)
    least_priority: Priority
    created_at: datetime
    updated_at: datetime
    label: str | None = None
    secret: str | None = field(default=None, repr=False)
    public_key: str | None = field(default=None, repr=False)
    session_id: str | None = None
    """In which a person bound a browser of their own; signing out there ends the binding."""
    broken_at: datetime | None = None
    """When the service said that nothing arrives there any more; nothing is sent until it is bound again."""

    def hears(self, priority: Priority) -> bool:
        """Whether something so urgent is sent to it."""
        order = list(Priority)
        return order.index(priority) <= order.index(self.least_priority)


@dataclass(frozen=True, slots=True)
class BindingRules:
    """What an installation offers: its open channels by name, the push services and Apprise schemes it calls."""

    channels: frozenset[str] = frozenset()
    push_services: tuple[str, ...] = PUSH_SERVICES
    apprise_schemes: frozenset[str] = frozenset()
    wecom_org_id: OrgId | None = None
    """Whose company the WeCom app is; any organization's where it is not said."""

    def offers(self, channel: BoundChannel, org_id: OrgId) -> bool:
        """Whether people of the organization are reached that way."""
        theirs = channel is not BoundChannel.WECOM_APP or self.wecom_org_id in {None, org_id}
        return channel.channel_name in self.channels and theirs


@dataclass(frozen=True, slots=True)
class AddressTaken(Refusal):
    """The address is somebody else's in your organization: end that binding first."""

    code: ClassVar[str] = "ADDRESS_TAKEN"
    field: str = "address"

    @property
    def message(self) -> str:
        return "The address is bound to somebody else."


@dataclass(frozen=True, slots=True)
class TooManyBindings(Refusal):
    """The person or team has as many bindings as there may be."""

    code: ClassVar[str] = "TOO_MANY_BINDINGS"
    limit: int

    @property
    def message(self) -> str:
        return f"There are {self.limit} bindings already."


WECOM_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9-]{20,128}")
_VISIBLE = re.compile(r"[!-~]+")
_SECRET = re.compile(r"[!-~]{8,128}")
_SHAPES = {
    BoundChannel.WECOM_APP: (WECOM_USER, "must be a WeCom user id: 1 to 64 letters, digits and _-@."),
    BoundChannel.WECOM_BOT: (_KEY, "must be the robot's webhook URL or the key in it"),
    BoundChannel.DINGTALK: (_KEY, "must be the robot's webhook URL or the access_token in it"),
    BoundChannel.FEISHU: (_KEY, "must be the robot's webhook URL or the last part of it"),
    BoundChannel.LARK: (_KEY, "must be the robot's webhook URL or the last part of it"),
}
_IN_URL = {
    BoundChannel.WECOM_BOT: re.compile(r"[?&]key=([^&#]*)"),
    BoundChannel.DINGTALK: re.compile(r"[?&]access_token=([^&#]*)"),
    BoundChannel.FEISHU: re.compile(r"/hook/([^/?#]*)"),
    BoundChannel.LARK: re.compile(r"/hook/([^/?#]*)"),
}
_URL = re.compile(r"(https?)://([a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]{1,5})?)/[!-\"$-\[\]-~]+")
"""Scheme and host of a URL: lower case, without a user, a fragment or a backslash."""
_ENDPOINT = "must be the endpoint of a browser's subscription at a push service"


def robot_key(channel: BoundChannel, address: str) -> str:
    """What names the robot in its webhook's URL, or the address as it is. Only this is kept: never whom we call."""
    place = _IN_URL.get(channel)
    if place is None or not address.startswith("https://"):
        return address
    found = place.search(address)
    return "" if found is None else found[1]


def problem_with(said: Mapping[str, Any], rules: BindingRules, org_id: OrgId, *, for_team: bool) -> InvalidInput | None:
    """The first value that can never be accepted; `said` has channel and address, perhaps label, secret, public_key."""
    channel, address = said["channel"], said["address"]
    if not rules.offers(channel, org_id):
        return InvalidInput("channel", "is not offered by this server")
    if for_team and channel in PERSONAL:
        return InvalidInput("channel", "reaches one person, never a team")
    problem = _address_problem(channel, address, rules)
    if problem is not None:
        return InvalidInput("address", problem)
    if not 1 <= len(said.get("label") or "-") <= _LABEL:
        return InvalidInput("label", f"must have at most {_LABEL} characters")
    secret, public_key = said.get("secret"), said.get("public_key")
    if channel is BoundChannel.WEB_PUSH:
        if len(_decoded(public_key)) != 65 or _decoded(public_key)[0] != 4:
            return InvalidInput("publicKey", "must be the subscription's key p256dh")
        return None if len(_decoded(secret)) == 16 else InvalidInput("secret", "must be the subscription's key auth")
    if public_key is not None:
        return InvalidInput("publicKey", "is for browsers alone")
    if secret is not None and channel not in SIGNED:
        return InvalidInput("secret", f"is not used by {channel}")
    if secret is not None and not _SECRET.fullmatch(secret):
        return InvalidInput("secret", "must be 8 to 128 printable ASCII characters without spaces")
    return None


def _address_problem(channel: BoundChannel, address: str, rules: BindingRules) -> str | None:
    if channel is BoundChannel.WEB_PUSH:
        return None if is_endpoint(address, rules.push_services) else _ENDPOINT
    if channel is BoundChannel.APPRISE:
        # By its beginning alone: what Apprise puts into a URL is not always one to the standard.
        scheme, _, rest = address.partition("://")
        if scheme in rules.apprise_schemes and _VISIBLE.fullmatch(rest) and len(address) <= _LONGEST_URL:
            return None
        return f"must be a URL of Apprise that begins with one of {', '.join(sorted(rules.apprise_schemes)) or '-'}"
    shape, reason = _SHAPES[channel]
    return None if shape.fullmatch(address) else reason


def is_endpoint(address: str, services: Iterable[str]) -> bool:
    """Whether the URL lies at one of the push services (`https://*.host` takes every host below)."""
    parts = _URL.fullmatch(address)
    if parts is None or len(address) > _LONGEST_URL:
        return False
    scheme, host = parts.groups()
    for service in services:
        wanted, _, at = service.partition("://")
        below = at.startswith("*.") and host.endswith(at[1:]) and len(host) >= len(at)
        if scheme == wanted and (host == at or below):
            return True
    return False


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode((text or "") + "=" * (-len(text or "") % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def binding_id(org_id: OrgId, holder_id: str, channel: BoundChannel, address: str) -> BindingId:
    """The only id such a binding can have: what belongs to one person has the same one whoever asks for it."""
    if channel is BoundChannel.WECOM_APP:
        return BindingId(derived_id("bnd", org_id, channel, address.lower()))
    if channel is BoundChannel.WEB_PUSH:
        return BindingId(derived_id("bnd", channel, address))
    return BindingId(derived_id("bnd", holder_id, channel, address))


def bind(known: Binding | None, said: Binding, others: Iterable[Binding]) -> Binding | Refusal:
    """The binding from now on; `known` is stored under its id, `others` are the holder's.

    Who opens a subscribed browser has it, as with a shared phone; a user id stays with its person.
    """
    if known is not None and known.holder_id != said.holder_id and said.channel is not BoundChannel.WEB_PUSH:
        return AddressTaken()
    working = [each for each in others if each.broken_at is None and each.id != said.id]
    if len(working) >= MAX_PER_HOLDER:
        return TooManyBindings(MAX_PER_HOLDER)
    moved = known is None or known.holder_id != said.holder_id
    return said if moved or known is None else replace(said, created_at=known.created_at)
