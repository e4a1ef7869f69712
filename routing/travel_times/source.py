"""Where travel times come from, as a value that crosses process boundaries; it loads no library.

Made from settings by wiring/services.py, opened by routing/travel_times/opening.py in the processes that plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

DETOUR = 1.35
SPEED_KM_H = 30.0


class Engine(StrEnum):
    """NONE: as the crow flies. The two servers are asked over HTTP; TILES is Valhalla inside the planner's process."""

    NONE = "none"
    OSRM = "osrm"
    VALHALLA = "valhalla"
    TILES = "tiles"


@dataclass(frozen=True, slots=True)
class TravelSource:
    """ValueError where an engine lacks its address or tiles. `profile` is the engine's own word for driving a car.

    `detour` and `speed_km_h` are what legs are reckoned by that no engine answers for.
    """

    engine: Engine = Engine.NONE
    url: str | None = None
    tiles: Path | None = None
    profile: str | None = None
    timeout_s: float = 2.0
    detour: float = DETOUR
    speed_km_h: float = SPEED_KM_H

    def __post_init__(self) -> None:
        if self.engine in {Engine.OSRM, Engine.VALHALLA} and self.url is None:
            raise ValueError("a road engine over HTTP needs its address")
        if self.engine is Engine.TILES and self.tiles is None:
            raise ValueError("the embedded road engine needs its tiles")
