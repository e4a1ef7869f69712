"""Phones with a monotonic clock, for tests of evidence: what they send at a tap and at each attempt to deliver it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.client import new_key
from tests.support.field_work import CHECK_IN, measured, wire
from tests.support.world import Member

ANCHOR = "{ timeAnchor { token serverNow } }"
TIMED_CHECK_IN = (
    CHECK_IN.replace("$input: CheckInInput!", "$input: CheckInInput!, $sending: SendingInput")
    .replace("input: $input", "input: $input, sending: $sending")
    .replace("refused visit", "refused eventAt timeSource timeConfidence fixAge secondEvidence visit")
)
TIMED_CHECK_OUT = """mutation ($key: String!, $input: CheckOutInput!, $sending: SendingInput) {
  checkOut(clientKey: $key, input: $input, sending: $sending) {
    __typename
    ... on Visit { id state verified openedAt closedAt offline outcome }
    ... on Refusal { code }
  }
}"""


@dataclass
class Phone:
    """Counts from `booted_at`; its own clock is `skew` off. `anchor` is what it last got from the server."""

    member: Member
    device_id: str = "phone-1"
    booted_at: datetime = field(kw_only=True)
    boot_id: str = "boot-1"
    skew: timedelta = timedelta()
    anchor: dict[str, Any] = field(default_factory=dict)

    def elapsed_ms(self, at: datetime) -> float:
        """The reading of its monotonic clock."""
        return (at - self.booted_at).total_seconds() * 1000

    def reboot(self, at: datetime) -> None:
        """Switches it off and on."""
        self.booted_at, self.boot_id = at, self.boot_id + "'"

    async def be_online(self, now: datetime) -> None:
        """Fetches a time anchor."""
        told = await self.member.api.first(ANCHOR)
        self.anchor = {
            "anchor": told["token"],
            "anchorElapsedMs": self.elapsed_ms(now),
            "anchorBootId": self.boot_id,
        }

    def tap(self, at: datetime, metres: float = 0, *, fix_age_s: float = 3, **given: Any) -> dict[str, Any]:
        """What it records at a tap, with a position so far north of PIN."""
        clock = {
            "bootId": self.boot_id,
            "capturedElapsedMs": self.elapsed_ms(at),
            "fixElapsedMs": self.elapsed_ms(at) - fix_age_s * 1000,
            **self.anchor,
        }
        recorded = {"capturedAt": wire(at + self.skew), "provider": "GPS", "deviceId": self.device_id, "clock": clock}
        return measured(metres) | recorded | given

    def sending(self, now: datetime) -> dict[str, Any]:
        """Its clocks as it sends."""
        return {"at": wire(now + self.skew), "elapsedMs": self.elapsed_ms(now), "bootId": self.boot_id}

    async def check_in(
        self, site_id: str, tap: dict[str, Any], now: datetime, key: str | None = None, **given: Any
    ) -> dict[str, Any]:
        """Sends a check-in."""
        sent = tap | {"siteId": site_id} | given
        answer: dict[str, Any] = await self.member.api.first(
            TIMED_CHECK_IN, key=key or new_key(), input=sent, sending=self.sending(now)
        )
        return answer

    async def check_out(
        self, visit_id: str, tap: dict[str, Any], now: datetime, key: str | None = None
    ) -> dict[str, Any]:
        """Sends a check-out."""
        sent = tap | {"visitId": visit_id, "outcome": "PROGRESS"}
        answer: dict[str, Any] = await self.member.api.first(
            TIMED_CHECK_OUT, key=key or new_key(), input=sent, sending=self.sending(now)
        )
        return answer
