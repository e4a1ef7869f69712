"""Documents and short cuts for tests of the shared pool."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

POOL = """query ($first: Int, $after: String) { leadPool(first: $first, after: $after) {
  nodes { leadId name tier region teamId team { id } pooledAt slaDueAt } pageInfo { hasNextPage endCursor }
} }"""
CLAIM = """mutation ($key: String!, $id: ID!) { claimLead(clientKey: $key, id: $id) {
  __typename
  ... on Lead {
    id ownerId teamId version tenure { kind since returnsAt } clocks { metric state dueAt legs { ownerId } }
  }
  ... on Refusal { code } ... on ClaimLimitReached { limit allowed } ... on CoolingDown { until }
} }"""
RELEASE = """mutation ($key: String!, $id: ID!, $reason: String!) {
  releaseLead(clientKey: $key, id: $id, reason: $reason) {
    __typename ... on ReleasedLead { leadId releasedAt coolDownUntil } ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
_RULES = """maxOpenClaims maxClaimsPerDay coolDownHours claimedUntouchedHours assignedUntouchedHours warnBeforeHours
  version updatedBy { id }"""
RULES = f"{{ poolRules {{ {_RULES} }} }}"
CHANGE = f"""mutation ($key: String!, $changes: PoolRulesChanges!, $expected: Int!) {{
  updatePoolRules(clientKey: $key, changes: $changes, expectedVersion: $expected) {{
    __typename ... on PoolRules {{ {_RULES} }} ... on Refusal {{ code }} ... on InvalidInput {{ field }}
    ... on VersionConflict {{ currentVersion }}
  }}
}}"""


async def pooled(member: Member) -> list[str]:
    """The names of the leads in the member's pools, longest waiting first."""
    page = await member.api.first(POOL, first=50)
    return [each["name"] for each in page["nodes"]]


async def claim(member: Member, lead_id: str, key: str | None = None) -> dict[str, Any]:
    """What claimLead answers."""
    answer: dict[str, Any] = await member.api.first(CLAIM, key=key or new_key(), id=lead_id)
    return answer


async def release(member: Member, lead_id: str, reason: str = "No time", key: str | None = None) -> dict[str, Any]:
    """What releaseLead answers."""
    answer: dict[str, Any] = await member.api.first(RELEASE, key=key or new_key(), id=lead_id, reason=reason)
    return answer


async def change_rules(member: Member, expected: int = 0, **changes: Any) -> dict[str, Any]:
    """What updatePoolRules answers."""
    answer: dict[str, Any] = await member.api.first(CHANGE, key=new_key(), changes=changes, expected=expected)
    return answer
