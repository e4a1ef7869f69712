"""Documents and short cuts for tests of standard actions and gates."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

REQUEST = """mutation ($key: String!, $lead: ID!, $stage: String!, $reason: String!) {
  requestGateBypass(clientKey: $key, leadId: $lead, stage: $stage, reason: $reason) {
    __typename
    ... on GateBypass { id stage tier state reason requestedAt requestedBy { id } approvedAt lead { id } }
    ... on Refusal { code message }
    ... on InvalidInput { field }
  }
}"""


async def request_bypass(
    member: Member, lead_id: str, stage: str = "PROPOSAL", reason: str = "Signed at the fair", key: str | None = None
) -> dict[str, Any]:
    """What requestGateBypass answers."""
    answer: dict[str, Any] = await member.api.first(
        REQUEST, key=key or new_key(), lead=lead_id, stage=stage, reason=reason
    )
    return answer
