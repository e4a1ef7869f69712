"""Time anchors: the server's time, sealed for one person and device, that a phone hands back with offline evidence.

Given out by `bootstrap`, `timeAnchor` and with each answer to a signed-in caller; opened where a check-in arrives.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.access import Actor
from resolvers.derived_secrets import SEAL_LENGTH, DerivedSecrets

_PURPOSE = "time anchor"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 14


def issue_anchor(secrets: DerivedSecrets, actor: Actor, now: datetime) -> str:
    """Milliseconds since 1970 and a seal; whose it is need not be told."""
    at_ms = str((now - _EPOCH) // timedelta(milliseconds=1))
    return f"{at_ms}.{secrets.derive(_PURPOSE, actor.person_id, actor.device_id, at_ms)[:SEAL_LENGTH]}"


def open_anchor(secrets: DerivedSecrets, actor: Actor, token: str | None) -> datetime | None:
    """The time an anchor was given to this person on this device; None for any other text."""
    at_ms, _, seal = (token or "").partition(".")
    if not at_ms.isascii() or not at_ms.isdigit() or len(at_ms) > _MOST_DIGITS:
        return None
    if not secrets.knows(seal, _PURPOSE, actor.person_id, actor.device_id, at_ms):
        return None
    return _EPOCH + timedelta(milliseconds=int(at_ms))
