"""Positions of addresses without coordinates, by the geopy geocoder of the settings; for the account importer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from geopy.exc import GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import SERVICE_TO_GEOCODER, get_geocoder_for_service

from domain.places import Datum

DATUMS: Mapping[str, Datum] = dict.fromkeys(SERVICE_TO_GEOCODER, Datum.WGS84) | {
    # Baidu answers in its own system; Google's map of mainland China is drawn in the public one.
    "baidu": Datum.BD09,
    "baiduv3": Datum.BD09,
    "google": Datum.GCJ02,
    "googlev3": Datum.GCJ02,
}
"""In which datum each of geopy's geocoders answers, by geopy's own name for it."""


@dataclass(frozen=True, slots=True)
class Located:
    """What a geocoder answered."""

    latitude: float
    longitude: float
    datum: Datum


class GeocodingError(Exception):
    """The geocoder could not be asked; the text tells the operator why."""


Geocode = Callable[[str], Awaitable[Located | None]]
"""The position of an address, None where it is not known. Raises GeocodingError."""


def configured_geocoder(name: str, options: Mapping[str, Any], pause_s: float = 1.0) -> Geocode | None:
    """The geocoder of the settings, asked at most once in `pause_s` seconds; None for `none`. Raises GeocodingError."""
    if name == "none":
        return None
    try:
        service = get_geocoder_for_service(name)(**{"user_agent": "fieldbeat", **options})
    except (GeopyError, TypeError, ValueError) as wrong:
        raise GeocodingError(f"GEOCODER={name} cannot be used: {wrong}") from wrong
    ask = RateLimiter(
        service.geocode,
        min_delay_seconds=pause_s,
        error_wait_seconds=5 * pause_s,
        max_retries=1,
        swallow_exceptions=False,
    )

    async def geocode(address: str) -> Located | None:
        try:
            found = await asyncio.to_thread(ask, address)
        except GeopyError as failed:
            raise GeocodingError(f"{name} did not answer: {type(failed).__name__} {failed}".strip()) from failed
        return None if found is None else Located(found.latitude, found.longitude, DATUMS[name])

    return geocode
