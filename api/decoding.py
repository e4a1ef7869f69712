"""Strict reading of what clients send, in bodies and frames alike: JSON and the parameters of a GraphQL request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from api.errors import BAD_REQUEST, EdgeError

_SUSPICIOUS_NUMBER: Final = re.compile(rb"(?:^|[\s:,\[-])\d{19}")
"""A long number; text that looks like one costs a second reading, so ids of digits alone must not."""
_I64_MIN: Final = -(2**63)
_U64_MAX: Final = 2**64 - 1
_SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(slots=True)
class Parameters:
    """A well-formed GraphQL request. `query` is None only where `document_id` stands for it."""

    query: str | None
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    document_id: str | None = None
    """Id of a registered document, or the hash of a persisted query in lower case, then possibly beside `query`."""


def decode_json(raw: bytes | str) -> Any:
    """JSON to the letter: UTF-8, no NaN or Infinity, integers within 64 bits. Raises EdgeError(BAD_REQUEST)."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    try:
        value = orjson.loads(data)
        # orjson turns larger integers into floats, which would silently change an id.
        if _SUSPICIOUS_NUMBER.search(data):
            json.loads(data, parse_int=_bounded_int)
    except (ValueError, RecursionError) as error:
        raise EdgeError(BAD_REQUEST, "The text is not valid JSON (UTF-8, integers within 64 bits).") from error
    return value


def read_parameters(value: object) -> Parameters:
    """The parameters of a POST body or a subscribe payload. Raises EdgeError(BAD_REQUEST) if it is not well-formed."""
    if isinstance(value, list):
        raise EdgeError(BAD_REQUEST, "Batches are not served: send one operation per request.")
    if not isinstance(value, dict):
        raise EdgeError(BAD_REQUEST, "The request must be a JSON object with a `query`.")
    query = value.get("query")
    if not (query is None or isinstance(query, str)):
        raise EdgeError(BAD_REQUEST, "`query` must be a string.")
    document_id = _document_id(value, _persisted_hash(_optional_map(value, "extensions")), query)
    name = value.get("operationName")
    if not (name is None or isinstance(name, str)):
        raise EdgeError(BAD_REQUEST, "`operationName` must be a string.")
    return Parameters(query, name or None, _optional_map(value, "variables"), document_id)


def _optional_map(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    given = value.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise EdgeError(BAD_REQUEST, f"`{name}` must be an object.")
    return given


def _persisted_hash(extensions: Mapping[str, Any]) -> str | None:
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    sha256 = given.get("sha256Hash") if isinstance(given, dict) and given.get("version") == 1 else None
    if not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise EdgeError(
            BAD_REQUEST, "`extensions.persistedQuery` must have version 1 and a sha256Hash of 64 hex digits."
        )
    return sha256.lower()


def _document_id(value: Mapping[str, Any], sha256: str | None, query: str | None) -> str | None:
    """`documentId`, else the hash, else the older `id` where nothing else names the document."""
    given = value.get("documentId")
    if given is None and sha256 is not None:
        return sha256
    if given is None and query is None:
        given = value.get("id")
        if given is None:
            raise EdgeError(BAD_REQUEST, "The request needs a `query`, or a `documentId` in its place.")
    elif given is not None and query is not None:
        raise EdgeError(BAD_REQUEST, "Send either `query` or `documentId`.")
    if given is not None and not (isinstance(given, str) and given):
        raise EdgeError(BAD_REQUEST, "`documentId` must be a string that is not empty.")
    return given


def _bounded_int(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("the integer has too many digits")
    value = int(digits)
    if not _I64_MIN <= value <= _U64_MAX:
        raise ValueError("the integer does not fit into 64 bits")
    return value
