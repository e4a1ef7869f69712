"""Valhalla inside this process, from a folder or archive of tiles: the optional extra `road`, and the only file that
names its library. Opened by routing/travel_times/source.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import valhalla

from routing.travel_times.engine import EngineError, EngineRefusedError

_NO_WAY = ("unconnected", "No path could be found")
_library: Any = valhalla
"""Its versions carry different types."""


class EmbeddedValhalla:
    """Answers like the server. A call cannot be cut short: road.py looks at the clock between blocks."""

    def __init__(self, tiles: Path) -> None:
        config: dict[str, Any] = _defaults()
        folder = tiles.is_dir()
        config["mjolnir"] |= {"tile_dir": str(tiles) if folder else "", "tile_extract": "" if folder else str(tiles)}
        config["mjolnir"]["logging"] = {"type": "", "color": False}
        config["logging"] = {"type": "", "color": False}
        with TemporaryDirectory() as where:
            path = Path(where) / "valhalla.json"
            path.write_text(json.dumps(config), encoding="utf-8")
            try:
                actor = _library.Actor(path)
            except (AttributeError, OSError, RuntimeError) as error:
                raise EngineError(f"the tiles at {tiles} cannot be opened: {error}") from error
        self._actions = {
            "/locate": actor.locate,
            "/sources_to_targets": actor.matrix,
            "/route": actor.route,
        }

    def post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> tuple[int, dict[str, Any] | list[Any]]:
        """The answer of one action."""
        del timeout_s
        try:
            return 200, json.loads(self._actions[path](json.dumps(body)))
        except RuntimeError as error:
            text = str(error)
            raise EngineRefusedError(text, no_way=any(part in text for part in _NO_WAY)) from error
        except ValueError as error:
            raise EngineError("the answer is no JSON") from error


def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = _library.get_config(tile_extract="", tile_dir="")
    return found
