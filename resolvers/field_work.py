"""Check-ins and check-outs that were recorded offline, sent at once: each is answered for itself, in the order of taps.

Called by schema/field_work.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.access import Capability
from domain.check_in_policies import DEFAULT_POLICY
from domain.check_ins import time_claim
from domain.errors import Unavailable
from domain.evidence import Sending
from domain.evidence_times import Timing
from domain.refusals import InvalidInput, Refusal, RetryLater
from resolvers.check_ins import CheckInCall, CheckOutCall, check_in, check_out
from resolvers.context import Context
from storage.driver import Document

MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class FieldWork:
    """One call of a batch under its own client key, or why there is none."""

    client_key: str
    call: CheckInCall | CheckOutCall | InvalidInput


async def send_field_work(
    context: Context, items: Sequence[FieldWork], sending: Sending | None
) -> Document | InvalidInput:
    """The answers in the order in which the items were sent. Raises Forbidden.

    They are carried out in the order of their taps, whatever the order in which the phone lists them.
    """
    context.require(Capability.DO_FIELD_WORK)
    if not 1 <= len(items) <= MAX_ITEMS:
        return InvalidInput("items", f"must be 1 to {MAX_ITEMS}")
    answers: dict[int, Document] = {}
    for index in sorted(range(len(items)), key=lambda index: _place(context, items[index], sending)):
        answers[index] = {"client_key": items[index].client_key, **await _done(context, items[index], sending)}
    # A later item may have changed what an earlier one answered with.
    context.renew()
    return {"__typename": "FieldWorkBatch", "answers": [answers[index] for index in range(len(items))]}


def _place(context: Context, item: FieldWork, sending: Sending | None) -> tuple[datetime, bool]:
    """The time of the tap; at the same time a check-in before a check-out."""
    if isinstance(item.call, InvalidInput):
        return context.now, True
    timing = time_claim(item.call.claim, sending, context.now, DEFAULT_POLICY)
    return (timing.event_at if isinstance(timing, Timing) else context.now), isinstance(item.call, CheckOutCall)


async def _done(context: Context, item: FieldWork, sending: Sending | None) -> Document:
    try:
        if isinstance(item.call, CheckInCall):
            name, answer = "check_in", await check_in(context, item.client_key, item.call, sending)
        elif isinstance(item.call, CheckOutCall):
            name, answer = "visit", await check_out(context, item.client_key, item.call, sending)
        else:
            return {"refusal": item.call}
    except Unavailable:
        return {"refusal": RetryLater(1)}
    return {"refusal" if isinstance(answer, Refusal) else name: answer}
