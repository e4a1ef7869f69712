"""Documents and short cuts for tests that need somebody to be away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.client import new_key
from tests.support.world import Member

SHOWN = """id version absent standsInForIds state
  absences { absenceId fromAt untilAt kind deputyId }"""
REFUSED = """... on Refusal { code message } ... on InvalidInput { field }
  ... on DeputyNotAvailable { field personId } ... on DeputyCycle { field personIds }
  ... on AbsenceOverlaps { absenceId } ... on WrongState { currentState }"""
RECORD = f"""mutation ($key: String!, $id: ID!, $absence: PersonAbsenceInput!) {{
  recordAbsence(clientKey: $key, personId: $id, absence: $absence) {{
    __typename ... on Person {{ {SHOWN} }} {REFUSED}
  }}
}}"""
END = f"""mutation ($key: String!, $id: ID!, $absence: ID!) {{
  endAbsence(clientKey: $key, personId: $id, absenceId: $absence) {{
    __typename ... on Person {{ {SHOWN} }} ... on Refusal {{ code }} ... on WrongState {{ currentState }}
  }}
}}"""
PERSON = f"query ($id: ID!) {{ person(id: $id) {{ {SHOWN} }} }}"


async def record_absence(member: Member, person_id: str, **given: Any) -> dict[str, Any]:
    """What recordAbsence answers; times may be datetimes. `key` is the client key, else a new one."""
    key = given.pop("key", None) or new_key()
    absence = {"kind": "VACATION"} | {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in given.items()
    }
    answer: dict[str, Any] = await member.api.first(RECORD, key=key, id=person_id, absence=absence)
    return answer


async def end_absence(member: Member, person_id: str, absence_id: str) -> dict[str, Any]:
    """What endAbsence answers."""
    answer: dict[str, Any] = await member.api.first(END, key=new_key(), id=person_id, absence=absence_id)
    return answer
