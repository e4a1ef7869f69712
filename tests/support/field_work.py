"""What tests of sites, visits and check-ins share: operations, a spot in a city, and makers through the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

PIN = {"latitude": 52.5200, "longitude": 13.4050, "datum": "WGS84"}
_TICKS = count()
METRES_PER_DEG = 111_260
"""Of latitude at this place, near enough for fences."""

CREATE_ACCOUNT = """mutation ($key: String!, $input: CreateAccountInput!) {
  createAccount(clientKey: $key, input: $input) { ... on Account { id } }
}"""
CREATE_SITE = """mutation ($key: String!, $input: CreateSiteInput!) {
  createSite(clientKey: $key, input: $input) {
    __typename
    ... on Site {
      id name radiusM tier region timeZone openingHours locationFlagged locationVersion version
      location { latitude longitude datum } givenLocation { latitude longitude datum } account { id }
    }
    ... on Refusal { code message }
    ... on InvalidInput { field }
  }
}"""
SCHEDULE = """mutation ($key: String!, $input: ScheduleVisitInput!) {
  scheduleVisit(clientKey: $key, input: $input) {
    __typename
    ... on Visit { id state kind scheduledAt plannedStartAt plannedEndAt repId version site { id } account { id } }
    ... on Refusal { code }
    ... on InvalidInput { field }
  }
}"""
CHECK_IN = """mutation ($key: String!, $input: CheckInInput!) {
  checkIn(clientKey: $key, input: $input) {
    __typename
    ... on CheckIn {
      id verdict reasons score distanceM uncertaintyM radiusM policyVersion mode unverified flagged review offline
      refused visit { id state kind openedAt }
    }
    ... on Refusal { code message }
    ... on InvalidInput { field }
    ... on NotFound { recordId }
    ... on OutsideGeofence { distanceM radiusM uncertaintyM }
    ... on VisitAlreadyOpen { visitId siteId }
  }
}"""
CHECK_OUT = """mutation ($key: String!, $input: CheckOutInput!) {
  checkOut(clientKey: $key, input: $input) {
    __typename
    ... on Visit { id state verified outcome nextStep note openedAt closedAt offline checkIns { direction verdict } }
    ... on Refusal { code }
    ... on InvalidInput { field }
    ... on WrongState { inState: currentState }
  }
}"""


def wire(at: datetime) -> str:
    """A time as an app sends it."""
    return at.isoformat()


def north_of_pin(metres: float) -> dict[str, Any]:
    """A position so far north of PIN."""
    return PIN | {"latitude": float(PIN["latitude"]) + metres / METRES_PER_DEG}  # type: ignore[arg-type]


async def make_account(member: Member, tier: str = "B", **given: Any) -> str:
    """The id of a new account."""
    made = await member.api.first(CREATE_ACCOUNT, key=new_key(), input={"name": "Demo Mill", "tier": tier} | given)
    return str(made["id"])


async def make_site(member: Member, tier: str = "B", **given: Any) -> str:
    """The id of a new site at PIN, of a new account of that tier."""
    account_id = given.pop("accountId", None) or await make_account(member, tier)
    site = {"accountId": account_id, "name": "Mill Shop", "coordinates": PIN} | given
    made = await member.api.first(CREATE_SITE, key=new_key(), input=site)
    assert made["__typename"] == "Site", made
    return str(made["id"])


async def make_visit(member: Member, site_id: str, start_at: datetime, **given: Any) -> str:
    """The id of a new appointment."""
    visit = {"siteId": site_id, "startAt": wire(start_at)} | given
    made = await member.api.first(SCHEDULE, key=new_key(), input=visit)
    assert made["__typename"] == "Visit", made
    return str(made["id"])


def measured(metres: float = 0) -> dict[str, Any]:
    """A position so far north of PIN as a receiver gives it: never the same twice, within 4 m."""
    tick = next(_TICKS)
    shaken = {"longitude": float(PIN["longitude"]) + (1 + tick % 50) * 1e-6, "accuracyM": 9.5 + tick % 11 * 0.1}  # type: ignore[arg-type]
    return north_of_pin(metres) | shaken


def tap(site_id: str, at: datetime, metres: float = 0, **given: Any) -> dict[str, Any]:
    """A check-in input so far north of PIN."""
    return measured(metres) | {"siteId": site_id, "provider": "GPS", "capturedAt": wire(at)} | given


async def check_in(member: Member, site_id: str, at: datetime, metres: float = 0, **given: Any) -> dict[str, Any]:
    """The answer of a check-in."""
    answer: dict[str, Any] = await member.api.first(CHECK_IN, key=new_key(), input=tap(site_id, at, metres, **given))
    return answer


async def check_out(member: Member, visit_id: str, at: datetime, **given: Any) -> dict[str, Any]:
    """The answer of a check-out with progress, at PIN where nothing else is given."""
    place = {} if given.get("latitude", 0) is None else measured()
    left = {"visitId": visit_id, "capturedAt": wire(at), "outcome": "PROGRESS"} | place | given
    answer: dict[str, Any] = await member.api.first(CHECK_OUT, key=new_key(), input=left)
    return answer


def minutes(count: float) -> timedelta:
    """For readable tables."""
    return timedelta(minutes=count)
