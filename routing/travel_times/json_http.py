"""Questions to a road engine over HTTP, answered in JSON or by EngineError; used by osrm.py and valhalla.py."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

import httpx
import orjson

from routing.travel_times.engine import EngineError

_MAX_BYTES = 50_000_000


class JsonHttp:
    """One connection pool to `base_url`; for one thread."""

    def __init__(self, base_url: str) -> None:
        self._base = base_url.rstrip("/")
        self._client = httpx.Client(follow_redirects=False, headers={"Accept": "application/json"})

    def get(self, path: str, query: Mapping[str, str], timeout_s: float) -> tuple[int, dict[str, Any] | list[Any]]:
        """Status and JSON of a GET."""
        return self._read(self._client.build_request("GET", self._base + path, params=query), timeout_s)

    def post(self, path: str, body: Mapping[str, Any], timeout_s: float) -> tuple[int, dict[str, Any] | list[Any]]:
        """Status and JSON of a POST."""
        return self._read(self._client.build_request("POST", self._base + path, json=body), timeout_s)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _read(self, request: httpx.Request, timeout_s: float) -> tuple[int, dict[str, Any] | list[Any]]:
        # Its time-outs are for each piece of the answer; the sum of them has to end as well.
        ends = monotonic() + timeout_s
        request.extensions["timeout"] = httpx.Timeout(max(0.001, timeout_s)).as_dict()
        content = bytearray()
        try:
            answer = self._client.send(request, stream=True)
            try:
                for piece in answer.iter_bytes():
                    content += piece
                    if monotonic() > ends or len(content) > _MAX_BYTES:
                        raise EngineError("the answer is too slow or too long")
            finally:
                answer.close()
            found = orjson.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EngineError(type(error).__name__) from error
        except orjson.JSONDecodeError as error:
            raise EngineError(f"status {answer.status_code} without JSON") from error
        if not isinstance(found, dict | list) or answer.status_code >= 500:
            raise EngineError(f"status {answer.status_code}")
        return answer.status_code, found
