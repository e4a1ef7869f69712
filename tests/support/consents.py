"""Documents and short cuts for tests in which people are asked to agree."""

from __future__ import annotations

from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

SHOWN = """purpose state agreedVersion since withdrawnAt
  text { version locale words digest askedFrom publishedAt }"""
REFUSED = "... on Refusal { code message } ... on InvalidInput { field }"
CONSENTS = f"{{ consents {{ {SHOWN} }} }}"
PUBLISH = f"""mutation ($key: String!, $input: ConsentTextInput!, $version: Int) {{
  publishConsentText(clientKey: $key, purpose: LIVE_LOCATION, input: $input, expectedVersion: $version) {{
    __typename {REFUSED} ... on VersionConflict {{ currentVersion }}
    ... on ConsentTextVersion {{ version texts {{ locale words }} askedFrom oldestValid renewedFrom publishedBy }}
  }}
}}"""
GIVE = f"""mutation ($key: String!, $version: Int!, $at: DateTime, $locale: String, $device: ID) {{
  giveConsent(
    clientKey: $key, purpose: LIVE_LOCATION, version: $version, at: $at, locale: $locale, deviceId: $device
  ) {{ __typename {REFUSED} ... on WrongState {{ currentState }}
    ... on ConsentTextChanged {{ currentVersion }} ... on Consent {{ {SHOWN} }} }}
}}"""
WITHDRAW = f"""mutation ($key: String!, $reason: String) {{
  withdrawConsent(clientKey: $key, purpose: LIVE_LOCATION, reason: $reason) {{
    __typename {REFUSED} ... on WrongState {{ currentState }} ... on Consent {{ {SHOWN} }}
  }}
}}"""
EVENTS = """query ($person: ID) { consentEvents(personId: $person) { nodes {
  personId purpose step at textVersion locale digest reason deviceId
} } }"""
WORDS = [
    {"locale": "en", "words": "May we see where you are while you work?"},
    {"locale": "zh-CN", "words": "工作时间内可以获取您的位置吗？"},
]


async def publish(admin: Member, version: int | None = None, *, key: str = "", **given: Any) -> dict[str, Any]:
    """What publishConsentText answers; `given` goes into the input."""
    made: dict[str, Any] = await admin.api.first(
        PUBLISH, key=key or new_key(), input={"texts": WORDS} | given, version=version
    )
    return made


async def give_consent(member: Member, version: int = 1, *, key: str = "", **given: Any) -> dict[str, Any]:
    """What giveConsent answers."""
    answer: dict[str, Any] = await member.api.first(GIVE, key=key or new_key(), version=version, **given)
    return answer


async def withdraw_consent(member: Member, reason: str | None = None, *, key: str = "") -> dict[str, Any]:
    """What withdrawConsent answers."""
    answer: dict[str, Any] = await member.api.first(WITHDRAW, key=key or new_key(), reason=reason)
    return answer


async def my_consent(member: Member) -> dict[str, Any]:
    """Where the person stands."""
    (only,) = await member.api.first(CONSENTS)
    found: dict[str, Any] = only
    return found
