"""Documents and short cuts for tests of calendars and SLA policies."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

_CALENDAR = """__typename key name version preset timeZone weekly exceptions { date times name imported }
    holidayYears { country subdivision year provisional } savedAt savedBy { id }"""
_POLICY = """__typename key name metric version position active endedReason conditions { field values } targetSeconds
    calendarKey pauseStages steps { percent recipients proposeReassignment } savedAt savedBy { id }"""
REFUSED = "... on Refusal { code message } ... on InvalidInput { field reason }"
SAVE_CALENDAR = f"""mutation ($key: String!, $input: CalendarInput!, $expected: Int) {{
  saveCalendar(clientKey: $key, input: $input, expectedVersion: $expected) {{
    __typename ... on Calendar {{ {_CALENDAR} }} {REFUSED} ... on VersionConflict {{ currentVersion }}
  }}
}}"""
SAVE_POLICY = f"""mutation ($key: String!, $input: SlaPolicyInput!, $expected: Int) {{
  saveSlaPolicy(clientKey: $key, input: $input, expectedVersion: $expected) {{
    __typename ... on SlaPolicy {{ {_POLICY} }} {REFUSED} ... on VersionConflict {{ currentVersion }}
  }}
}}"""
CALENDARS = f"{{ calendars {{ {_CALENDAR} }} }}"
ONE_CALENDAR = f"query ($key: String!, $version: Int) {{ calendar(key: $key, version: $version) {{ {_CALENDAR} }} }}"
CALENDAR_VERSIONS = """query ($key: String!, $first: Int, $after: String) {
  calendarVersions(key: $key, first: $first, after: $after) {
    nodes { key name version weekly savedBy { id } } pageInfo { hasNextPage endCursor }
  }
}"""
POLICIES = f"query ($metric: Metric) {{ slaPolicies(metric: $metric) {{ {_POLICY} }} }}"
ONE_POLICY = f"query ($key: String!, $version: Int) {{ slaPolicy(key: $key, version: $version) {{ {_POLICY} }} }}"
POLICY_VERSIONS = """query ($key: String!, $first: Int, $after: String) {
  slaPolicyVersions(key: $key, first: $first, after: $after) {
    nodes { key version targetSeconds active savedBy { id } } pageInfo { hasNextPage endCursor }
  }
}"""
OFFICE = ["09:00-12:00 13:30-18:00"] * 5 + [""] * 2
WORK: dict[str, Any] = {
    "key": "WORK",
    "name": "Shanghai office",
    "timeZone": "Asia/Shanghai",
    "weekly": OFFICE,
    "exceptions": [
        {"date": "2026-11-24", "times": "", "name": "Stocktaking"},
        {"date": "2026-11-28", "times": OFFICE[0], "name": "Make-up day"},
    ],
}
FAST: dict[str, Any] = {
    "key": "fast-a",
    "metric": "LEAD_FIRST_CONTACT",
    "name": "Tier A in four hours",
    "targetSeconds": 4 * 3600,
    "position": 10,
    "conditions": [{"field": "TIER", "values": ["A"]}],
    "calendarKey": "WORKDAY",
}


async def save_calendar(member: Member, expected: int | None = None, **given: Any) -> dict[str, Any]:
    """What saveCalendar answers."""
    answer: dict[str, Any] = await member.api.first(SAVE_CALENDAR, key=new_key(), input=WORK | given, expected=expected)
    return answer


async def save_policy(member: Member, expected: int | None = None, **given: Any) -> dict[str, Any]:
    """What saveSlaPolicy answers."""
    answer: dict[str, Any] = await member.api.first(SAVE_POLICY, key=new_key(), input=FAST | given, expected=expected)
    return answer


PREVIEW = f"""query (
  $policy: SlaPolicyInput, $calendar: CalendarInput, $ended: String, $first: Int, $after: String
) {{
  previewSlaChange(
    policy: $policy, calendar: $calendar, deactivatedPolicy: $ended, first: $first, after: $after
  ) {{
    __typename
    ... on SlaPreview {{
      examined endCursor
      changes {{
        clockId lead {{ id }} metric policyKey policyVersion newPolicyKey newPolicyVersion dueAt newDueAt state newState
      }}
    }}
    {REFUSED}
  }}
}}"""
_SWEEP = "kind policyKey reason state examined changed startedAt startedBy { id } finishedAt"
RECALCULATE = f"""mutation ($key: String!) {{
  recalculateSla(clientKey: $key) {{ __typename ... on SlaSweep {{ {_SWEEP} }} ... on Refusal {{ code }} }}
}}"""
SWEEPS = f"{{ slaSweeps(first: 5) {{ nodes {{ {_SWEEP} }} }} }}"
DEACTIVATE = f"""mutation ($client: String!, $key: String!, $reason: String!, $expected: Int) {{
  deactivateSlaPolicy(clientKey: $client, key: $key, reason: $reason, expectedVersion: $expected) {{
    __typename ... on SlaPolicy {{ {_POLICY} }} {REFUSED} ... on VersionConflict {{ currentVersion }}
    ... on WrongState {{ currentState }}
  }}
}}"""


async def deactivate(member: Member, policy: str, reason: str = "out of season", **given: Any) -> dict[str, Any]:
    """What deactivateSlaPolicy answers."""
    answer: dict[str, Any] = await member.api.first(DEACTIVATE, client=new_key(), key=policy, reason=reason, **given)
    return answer
