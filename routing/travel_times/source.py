"""Where travel times come from, as a value that crosses process boundaries; it loads no library.

Made from settings by wiring/services.py, opened by routing/travel_times/opening.py in the processes that plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Engine(StrEnum):
    """NONE: as the crow flies. The two servers are asked over HTTP; TILES is Valhalla inside the planner's process."""

    NONE = "none"
    OSRM = "osrm"
    VALHALLA = "valhalla"
    TILES = "tiles"


@dataclass(frozen=True, slots=True)
class TravelSource:
    """ValueError where an engine lacks its address or tiles. `profile` is the engine's own word for driving a car."""

    engine: Engine = Engine.NONE
    url: str | None = None
    tiles: Path | None = None
    profile: str | None = None
    timeout_s: float = 2.0

    def __post_init__(self) -> None:
        if self.engine in {Engine.OSRM, Engine.VALHALLA} and self.url is None:
            raise ValueError("a road engine over HTTP needs its address")
        if self.engine is Engine.TILES and self.tiles is None:
            raise ValueError("the embedded road engine needs its tiles")
