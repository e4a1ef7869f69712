"""The settings of the console: whether it is served and what lies beneath its map; part of wiring/settings.py."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, FilePath, model_validator
from pydantic_settings import BaseSettings


class ConsoleSettings(BaseSettings):
    """Their part of the environment."""

    console: bool = Field(default=True, description="Whether the manager's console is served at `/console/`.")
    map_tiles: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/'\";,]+/\S*$",
        description="Address of raster tiles beneath the console's map, with `{z}`, `{x}` and `{y}`; browsers then ask "
        "that server, and no other, for pictures.",
        json_schema_extra={"shown": "a plain grid"},
    )
    map_tiles_attribution: str = Field(
        default="",
        description="What the tiles' owner wants to be named as; text, shown on the map.",
        json_schema_extra={"shown": "none"},
    )
    map_tiles_datum: Literal["WGS84", "GCJ02"] = Field(
        default="WGS84", description="What the tiles are drawn in; `GCJ02` for map services in mainland China."
    )
    map_tiles_max_zoom: int = Field(default=19, ge=1, le=22, description="The closest zoom that the tiles have.")
    map_features: FilePath | None = Field(
        default=None,
        description="GeoJSON file (WGS-84) that is drawn beneath the map instead of tiles: streets, coasts, districts.",
        json_schema_extra={"shown": "none"},
    )

    @model_validator(mode="after")
    def _one_base_map(self) -> Self:
        if self.map_tiles is None:
            return self
        if self.map_features is not None:
            raise ValueError("MAP_FEATURES: there are MAP_TILES already; the map has one base")
        if any(each not in self.map_tiles for each in ("{z}", "{x}", "{y}")):
            raise ValueError("MAP_TILES: must have {z}, {x} and {y}")
        if not self.map_tiles_attribution:
            raise ValueError("MAP_TILES: needs MAP_TILES_ATTRIBUTION, which every owner of tiles asks for")
        return self
