"""The check-in of the Python peers: the reads, the checks and the three writes of ours, written by hand.

In one transaction: the check-in under its own id, site, visit, the person's open visit, latest shift and person are
read; the check-in is inserted, the visit replaced under its version, the receipt inserted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any

import orjson

from storage.driver import Document

EARTH_M = 6_371_008.8
LONGEST_OPEN = timedelta(hours=8)
KEEP = timedelta(days=30)


class Refused(Exception):  # noqa: N818
    """Why no visit opened."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(code)
        self.kind, self.code = kind, code


def distance_m(latitude: float, longitude: float, site: Mapping[str, Any]) -> float:
    """Great-circle distance to the pin."""
    pin_longitude, pin_latitude = map(radians, site["location"]["coordinates"])
    latitude, longitude = radians(latitude), radians(longitude)
    half = (
        sin((latitude - pin_latitude) / 2) ** 2
        + cos(latitude) * cos(pin_latitude) * sin((longitude - pin_longitude) / 2) ** 2
    )
    return 2 * EARTH_M * asin(sqrt(half))


async def check_in(
    database: Any, org: str, person: str, key: str, given: Mapping[str, Any], sites: Mapping[str, Any] | None = None
) -> Document:
    """The stored check-in. `sites` is the filter of the sites that the person may see. Raises Refused."""
    now = datetime.now(UTC).replace(tzinfo=None)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    receipt_id = f"{org}:{person}:checkIn:{key}"
    digest = hashlib.sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if await database.collection("receipts").find_one({"_id": receipt_id}) is not None:
        raise Refused("KeyReused", "KEY_REUSED")

    async def write(session: Any) -> Document:
        def of(name: str) -> Any:
            return database.collection(name, session)

        scope = {"org_id": org, "owner_id": person}
        if await of("check_ins").find_one({"_id": given["id"], **scope}) is not None:
            raise Refused("IdTaken", "ID_TAKEN")
        site = await of("sites").find_one({"_id": given["siteId"], **(sites or {"org_id": org})})
        if site is None:
            raise Refused("NotFound", "NOT_FOUND")
        visit = await of("visits").find_one({"_id": given["visitId"], **scope})
        if visit is None:
            raise Refused("NotFound", "NOT_FOUND")
        if visit["site_id"] != site["_id"] or visit["state"] not in {"PLANNED", "MISSED"}:
            raise Refused("WrongState", "WRONG_STATE")
        if await of("visits").find_one({**scope, "state": "OPEN"}) is not None:
            raise Refused("VisitAlreadyOpen", "VISIT_ALREADY_OPEN")
        shift = await of("shifts").find_one({"owner_id": person, "org_id": org}, order=[("started_at", -1)])
        known = await of("people").find_one({"_id": person, "org_id": org})
        if known is None:
            raise Refused("NotFound", "NOT_FOUND")
        captured = datetime.fromisoformat(given["capturedAt"]).astimezone(UTC).replace(tzinfo=None)
        ends = shift["auto_end_at"] if shift is not None else captured + LONGEST_OPEN
        arrived = _check_in(given, visit, site, captured, now)
        await of("check_ins").insert_one(arrived)
        opened = {name: value for name, value in visit.items() if name != "missed_after"} | {
            "state": "OPEN",
            "opened_at": captured,
            "auto_close_at": ends,
            "last_check_in_id": arrived["_id"],
            "arrived_inside": True,
            "updated_at": now,
            "version": visit["version"] + 1,
        }
        if not await of("visits").replace_one({"_id": visit["_id"], "version": visit["version"]}, opened):
            raise Refused("RetryLater", "RETRY_LATER")
        await of("receipts").insert_one(
            {
                "_id": receipt_id,
                "digest": digest,
                "at": now,
                "expires_at": now + KEEP,
                "collection": "check_ins",
                "record": arrived["_id"],
            }
        )
        return arrived

    stored: Document = await database.transaction(write)
    return stored


def _check_in(
    given: Mapping[str, Any], visit: Mapping[str, Any], site: Mapping[str, Any], captured: datetime, now: datetime
) -> Document:
    away = distance_m(given["latitude"], given["longitude"], site)
    if away > site["radius_m"]:
        raise Refused("OutsideGeofence", "OUTSIDE_GEOFENCE")
    return {
        "_id": given["id"],
        "org_id": visit["org_id"],
        "owner_id": visit["owner_id"],
        "team_id": visit["team_id"],
        "site_id": site["_id"],
        "account_id": site["account_id"],
        "direction": "ARRIVAL",
        "evidence": {
            "latitude": given["latitude"],
            "longitude": given["longitude"],
            "datum": given["datum"],
            "accuracy_m": given["accuracyM"],
            "captured_at": captured,
            "provider": "UNKNOWN",
            "is_mock": False,
        },
        "received_at": now,
        "event_at": captured,
        "point": {"type": "Point", "coordinates": [given["longitude"], given["latitude"]]},
        "location_version": site["location_version"],
        "verdict": "INSIDE",
        "reasons": ["WITHIN_FENCE"],
        "score": 0,
        "distance_m": away,
        "uncertainty_m": given["accuracyM"],
        "radius_m": site["radius_m"],
        "policy_version": 1,
        "mode": "SOFT",
        "offline": False,
        "review": False,
        "flagged": False,
        "unverified": False,
        "visit_id": visit["_id"],
    }
