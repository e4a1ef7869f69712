"""A source whose estimated legs are reckoned with an organization's own detour and speed; opened by opening.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.places import Point
from routing.travel_times.geodesic import GeodesicTravelTimes
from routing.travel_times.matrix import Line, RoadMap, TravelTable


@dataclass(frozen=True, slots=True)
class Reestimated:
    """What `roads` answers for stays; what it marks as an estimate is replaced by `estimate`."""

    roads: RoadMap
    estimate: GeodesicTravelTimes

    def table(self, points: Sequence[Point]) -> TravelTable:
        """The table of `roads` with its marked cells reckoned anew."""
        known = self.roads.table(points)
        if known.estimated is None or not known.estimated.any():
            return known
        own = self.estimate.table(points)
        return TravelTable(
            np.where(known.estimated, own.distance_m, known.distance_m),
            np.where(known.estimated, own.leg_s, known.leg_s),
            known.estimated,
        )

    def lines(self, points: Sequence[Point], estimated: Sequence[bool]) -> list[Line]:
        """The ways of `roads`."""
        return self.roads.lines(points, estimated)
