"""Coordinates in the schema: how every position enters and leaves; used by each noun that has one."""

from typing import Annotated

import strawberry

from domain.places import Datum
from schema.fields import stored
from schema.scalars import described_enum

described_enum(
    Datum,
    "The coordinate system a latitude and longitude were measured in. Never guessed: say what your map or phone uses.",
    WGS84="GPS, as a phone's location service answers outside mainland China's own map kits.",
    GCJ02="The shifted system of map kits in mainland China.",
    BD09="The system of one Chinese map service, shifted once more.",
)


@strawberry.type(description="A position.")
class Coordinates:
    latitude: float = stored("latitude", "Degrees, north is positive.")
    longitude: float = stored("longitude", "Degrees, east is positive.")
    datum: Datum = stored("datum", "What the two numbers are measured in.")


@strawberry.type(description="A way on the map. `{ type coordinates }` is its GeoJSON geometry.")
class MapLine:
    type: str = stored("type", "`LineString`, for GeoJSON.")
    coordinates: list[list[float]] = stored("coordinates", "Its points as [longitude, latitude], as in GeoJSON.")
    polyline: str = stored("polyline", "The same as an encoded polyline with five decimals.")
    datum: Datum = stored("datum", "What the numbers are measured in; GeoJSON itself means WGS84.")


@strawberry.input(description="A position as measured or picked on a map.")
class CoordinatesInput:
    latitude: float = strawberry.field(description="Degrees within 90, north is positive.")
    longitude: float = strawberry.field(description="Degrees within 180, east is positive.")
    datum: Datum = strawberry.field(description="What the two numbers are measured in.")


Latitude = Annotated[float, strawberry.argument(description="Degrees within 90, north is positive.")]
Longitude = Annotated[float, strawberry.argument(description="Degrees within 180, east is positive.")]
InDatum = Annotated[Datum, strawberry.argument(description="What the two numbers are measured in.")]
