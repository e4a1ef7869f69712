"""What a rep's phone asks all day; for seed/at_work/rep.py."""

from __future__ import annotations

_REFUSED = "__typename ... on Refusal { code }"
_PLACE = "site { id location(datum: WGS84) { latitude longitude } }"

ME = "{ me { id timeZone } }"
MY_SHIFT = "{ myShift { id } }"
START_SHIFT = f"mutation ($key: String!, $at: DateTime!) {{ startShift(clientKey: $key, at: $at) {{ {_REFUSED} }} }}"
END_SHIFT = f"mutation ($key: String!, $at: DateTime!) {{ endShift(clientKey: $key, at: $at) {{ {_REFUSED} }} }}"
PUBLISHED = """query ($rep: ID!, $date: Date!) {
  routePlans(first: 1, filter: {repId: $rep, date: $date, state: PUBLISHED}) { nodes { id } }
}"""
PLAN_DAY = f"""mutation ($key: String!, $date: Date!) {{
  planDay(clientKey: $key, date: $date, waitMs: 10000) {{ {_REFUSED} ... on RoutePlan {{ id state }} }}
}}"""
PUBLISH = f"mutation ($key: String!, $id: ID!) {{ publishPlan(clientKey: $key, id: $id) {{ {_REFUSED} }} }}"
NEXT_VISITS = f"""query ($rep: ID!, $from: DateTime!, $before: DateTime!) {{
  visits(first: 50, order: SOONEST, filter: {{
    repId: $rep, state: PLANNED, scheduledFrom: $from, scheduledBefore: $before
  }}) {{ nodes {{ id {_PLACE} }} }}
}}"""
OPEN_VISITS = (
    f"query ($rep: ID!) {{ visits(first: 10, filter: {{repId: $rep, state: OPEN}}) {{ nodes {{ id {_PLACE} }} }} }}"
)
MY_SITES = "{ sites(first: 50) { nodes { id location(datum: WGS84) { latitude longitude } } } }"
CHECK_IN = f"""mutation ($key: String!, $input: CheckInInput!) {{
  checkIn(clientKey: $key, input: $input) {{ {_REFUSED} ... on CheckIn {{ visit {{ id }} }} }}
}}"""
CHECK_OUT = (
    f"mutation ($key: String!, $input: CheckOutInput!) {{ checkOut(clientKey: $key, input: $input) {{ {_REFUSED} }} }}"
)
REPORT = f"""mutation ($key: String!, $input: ReportPositionsInput!) {{
  reportPositions(clientKey: $key, input: $input) {{ {_REFUSED} }}
}}"""
