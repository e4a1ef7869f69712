"""Kinds of values a setting may have, and what is refused of them; used by wiring/settings.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def split(value: Any) -> Any:
    """The parts of a text between commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def json_object(value: Any) -> Any:
    """What a JSON text says."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("is not JSON") from error


def known_geocoder(name: str) -> str:
    """`none` or a geocoder of geopy."""
    if name == "none":
        return name
    # All geocoders and their HTTP clients take 0.15 s to load, which every process would wait for.
    from geopy.geocoders import SERVICE_TO_GEOCODER  # noqa: PLC0415

    if name not in SERVICE_TO_GEOCODER:
        raise ValueError(f"is none of geopy's geocoders: none, {', '.join(sorted(SERVICE_TO_GEOCODER))}")
    return name


def mongodb_address(uri: str) -> str:
    """A URI of MongoDB."""
    if not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("must begin with mongodb:// or mongodb+srv://")
    return uri


def existing(path: Path) -> Path:
    """A file or folder that is there."""
    found = path.expanduser().resolve()
    if not found.exists():
        raise ValueError("does not exist")
    return found


def in_development(data: dict[str, Any]) -> bool:
    """Whether the settings read before are not those of production."""
    return data.get("environment") != "production"


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().resolve())]
