"""Documents and short cuts for tests that need leads."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

CREATE = """mutation ($key: String!, $input: CreateLeadInput!) {
  createLead(clientKey: $key, input: $input) {
    __typename
    ... on Lead {
      id name tier stage stageKind ownerId teamId slaDueAt redFlag version estimatedValue currency
      clocks { id metric state cycle dueAt startedAt }
    }
    ... on Refusal { code message }
    ... on InvalidInput { field }
    ... on UnknownStage { known }
  }
}"""
LOG = """mutation ($key: String!, $input: LogActivityInput!) {
  logActivity(clientKey: $key, input: $input) {
    __typename
    ... on Activity { id kind direction automatic evidence occurredAt byId note lead { id redFlag slaDueAt } }
    ... on Refusal { code message }
    ... on InvalidInput { field }
  }
}"""
ASSIGN = """mutation ($key: String!, $id: ID!, $owner: ID!, $expected: Int) {
  assignLead(clientKey: $key, id: $id, ownerId: $owner, expectedVersion: $expected) {
    __typename
    ... on Lead { id ownerId teamId slaDueAt version clocks { metric state cycle dueAt legs { ownerId endedAt } } }
    ... on Refusal { code }
    ... on VersionConflict { currentVersion }
  }
}"""
MOVE = """mutation ($key: String!, $id: ID!, $stage: String!, $reason: String) {
  moveLead(clientKey: $key, id: $id, stage: $stage, reason: $reason) {
    __typename
    ... on Lead {
      id stage stageKind lostReason closedAt slaDueAt redFlag clocks { metric state cycle dueAt cancelReason }
    }
    ... on Refusal { code }
    ... on UnknownStage { stage known }
  }
}"""
ONE = """query ($id: ID!) {
  lead(id: $id) {
    id name ownerId slaDueAt redFlag redSince lastContactAt lastActivityAt version
    account { id name } contact { id name phone }
    activities { id kind note occurredAt }
    clocks {
      id metric state cycle dueAt startedAt metAt breachedAt detectedAt remainingOpenSeconds overdueOpenSeconds
      serverNow targetSeconds timeZone legs { ownerId startedAt endedAt openSeconds }
    }
  }
}"""


async def create_lead(member: Member, **given: Any) -> dict[str, Any]:
    """What createLead answers; leads of tests may look alike."""
    described = {"name": "Harbour Bakery", "ignoreDuplicates": True} | given
    answer: dict[str, Any] = await member.api.first(CREATE, key=new_key(), input=described)
    return answer


async def log_activity(member: Member, lead_id: str, kind: str = "CALL", **given: Any) -> dict[str, Any]:
    """What logActivity answers."""
    described = {"leadId": lead_id, "kind": kind} | given
    answer: dict[str, Any] = await member.api.first(LOG, key=new_key(), input=described)
    return answer


async def read_lead(member: Member, lead_id: str) -> dict[str, Any]:
    """The lead with activities and clocks, the follow-up clock first."""
    answer: dict[str, Any] = await member.api.first(ONE, id=lead_id)
    return answer


def clock_of(lead: dict[str, Any], metric: str) -> dict[str, Any]:
    """The lead's newest clock of that metric."""
    return next(clock for clock in lead["clocks"] if clock["metric"] == metric)
