"""Documents and short cuts for tests of assignment rules."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

_TABLE = """version updatedAt updatedBy { id }
  rules {
    key name poolTeamId regions territories productLines tiers sources area { latitude longitude datum }
    candidates { personId person { id } teamId team { id } weight maxOpenLeads }
  }
  territories { key name area { latitude longitude } }"""
SAVE = f"""mutation ($key: String!, $input: AssignmentTableInput!, $expected: Int!) {{
  saveAssignmentTable(clientKey: $key, input: $input, expectedVersion: $expected) {{
    __typename ... on AssignmentTable {{ {_TABLE} }} ... on Refusal {{ code }}
    ... on InvalidInput {{ field }} ... on UnknownReference {{ field recordId }}
    ... on VersionConflict {{ currentVersion }}
  }}
}}"""
TABLE = f"query ($version: Int) {{ assignmentTable(version: $version) {{ {_TABLE} }} }}"
PREVIEW = """query ($input: AssignmentPreviewInput!) {
  assignmentPreview(input: $input) {
    tableVersion ruleKey ruleName toOwnerId toOwner { id } poolTeamId skipped { person { id } reason limit }
  }
}"""
TRACE = """query ($id: ID!) { lead(id: $id) { assignments(first: 20) {
  kind at by { id } fromOwner { id } toOwner { id } ruleKey ruleName tableVersion reason
  skipped { person { id } reason limit }
} } }"""


async def save_rules(member: Member, *rules: dict[str, Any], expected: int = 0, **given: Any) -> dict[str, Any]:
    """What saveAssignmentTable answers; keys and names are made up where a rule has none."""
    named = [{"key": f"rule-{number}", "name": f"Rule {number}"} | each for number, each in enumerate(rules)]
    described = {"rules": named} | given
    answer: dict[str, Any] = await member.api.first(SAVE, key=new_key(), input=described, expected=expected)
    return answer


def people(*members: Member, **given: Any) -> list[dict[str, Any]]:
    """Candidates."""
    return [{"personId": each.id} | given for each in members]


async def preview(member: Member, **given: Any) -> dict[str, Any]:
    """What assignmentPreview answers."""
    answer: dict[str, Any] = await member.api.first(PREVIEW, input=given)
    return answer


async def trace(member: Member, lead_id: str) -> list[dict[str, Any]]:
    """The lead's changes of hands, latest first."""
    lead = await member.api.first(TRACE, id=lead_id)
    found: list[dict[str, Any]] = lead["assignments"]
    return found
