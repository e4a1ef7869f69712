"""Travel times from the geodesic distance, a detour factor and a speed: the source that needs no map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from domain.places import Point, distance_m
from routing.travel_times.matrix import Line, TravelTable
from routing.travel_times.source import DETOUR, SPEED_KM_H

SPEED_M_PER_S = SPEED_KM_H / 3.6

_MAJOR_AXIS_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_MINOR_AXIS_M = _MAJOR_AXIS_M * (1 - _FLATTENING)
_ROUNDS = 30
_CONVERGED = 1e-12


@dataclass(frozen=True, slots=True)
class GeodesicTravelTimes:
    """Geodesic distance times `detour`, driven at `speed_m_per_s`; ValueError for a detour below 1 or no speed."""

    detour: float = DETOUR
    speed_m_per_s: float = SPEED_M_PER_S

    def __post_init__(self) -> None:
        if not self.detour >= 1:
            raise ValueError("a detour factor is at least 1")
        if not self.speed_m_per_s > 0:
            raise ValueError("speed must be positive")

    def table(self, points: Sequence[Point]) -> TravelTable:
        """Road distance in metres and whole seconds (rounded up) between all points."""
        distance = geodesic_table_m(points) * self.detour
        estimated = ~np.eye(len(points), dtype=np.bool_)
        return TravelTable(distance, np.ceil(distance / self.speed_m_per_s), estimated)

    def lines(self, points: Sequence[Point], estimated: Sequence[bool]) -> list[Line]:  # noqa: ARG002
        """Straight lines."""
        return straight(points)


def straight(points: Sequence[Point]) -> list[Line]:
    """A line of two points from each point to the next."""
    return list(pairwise(points))


def geodesic_table_m(points: Sequence[Point]) -> NDArray[np.float64]:
    """Distances in metres between all points on the WGS-84 ellipsoid.

    T. Vincenty's inverse formula (Survey Review 23, 1975), run for all pairs at once; the few pairs it does not settle
    (nearly antipodal ones) are asked from `domain.places.distance_m`, which is the definition.
    """
    count = len(points)
    table = np.zeros((count, count), dtype=np.float64)
    if count < 2:
        return table
    latitude = np.radians(np.array([point.latitude for point in points], dtype=np.float64))
    longitude = np.radians(np.array([point.longitude for point in points], dtype=np.float64))
    rows, columns = np.triu_indices(count, k=1)
    distance, settled = _vincenty(latitude[rows], longitude[rows], latitude[columns], longitude[columns])
    for pair in np.flatnonzero(~settled):
        distance[pair] = distance_m(points[rows[pair]], points[columns[pair]])
    table[rows, columns] = distance
    table[columns, rows] = distance
    return table


def _vincenty(
    latitude_1: NDArray[np.float64],
    longitude_1: NDArray[np.float64],
    latitude_2: NDArray[np.float64],
    longitude_2: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distances of pairs given in radians, and which of them converged."""
    f = _FLATTENING
    reduced_1 = np.arctan((1 - f) * np.tan(latitude_1))
    reduced_2 = np.arctan((1 - f) * np.tan(latitude_2))
    sin_1, cos_1, sin_2, cos_2 = np.sin(reduced_1), np.cos(reduced_1), np.sin(reduced_2), np.cos(reduced_2)
    # Across the date line the short way round is meant.
    difference = np.remainder(longitude_2 - longitude_1 + np.pi, 2 * np.pi) - np.pi
    lam = difference
    settled = np.zeros(lam.shape, dtype=np.bool_)
    for _ in range(_ROUNDS):
        sin_lam, cos_lam = np.sin(lam), np.cos(lam)
        sin_sigma = np.hypot(cos_2 * sin_lam, cos_1 * sin_2 - sin_1 * cos_2 * cos_lam)
        cos_sigma = sin_1 * sin_2 + cos_1 * cos_2 * cos_lam
        sigma = np.arctan2(sin_sigma, cos_sigma)
        same = sin_sigma == 0
        sin_alpha = np.where(same, 0.0, cos_1 * cos_2 * sin_lam / np.where(same, 1.0, sin_sigma))
        cos2_alpha = 1 - sin_alpha**2
        equatorial = cos2_alpha <= 0
        cos_2sigma_m = np.where(equatorial, 0.0, cos_sigma - 2 * sin_1 * sin_2 / np.where(equatorial, 1.0, cos2_alpha))
        c = f / 16 * cos2_alpha * (4 + f * (4 - 3 * cos2_alpha))
        before = lam
        lam = difference + (1 - c) * f * sin_alpha * (
            sigma + c * sin_sigma * (cos_2sigma_m + c * cos_sigma * (2 * cos_2sigma_m**2 - 1))
        )
        settled = (np.abs(lam - before) <= _CONVERGED) & (np.abs(lam) <= np.pi)
        if settled.all():
            break
    u2 = cos2_alpha * (_MAJOR_AXIS_M**2 - _MINOR_AXIS_M**2) / _MINOR_AXIS_M**2
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    correction = (
        b
        * sin_sigma
        * (
            cos_2sigma_m
            + b
            / 4
            * (
                cos_sigma * (2 * cos_2sigma_m**2 - 1)
                - b / 6 * cos_2sigma_m * (4 * sin_sigma**2 - 3) * (4 * cos_2sigma_m**2 - 3)
            )
        )
    )
    # Exactly antipodal points look settled at once though every meridian is a candidate: leave them to the definition.
    antipodal = (cos_sigma < 0) & (sin_sigma < 1e-2)
    return _MINOR_AXIS_M * a * (sigma - correction), settled & ~antipodal
