"""What every peer does before an operation: checks the same access token as the real server."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import jwt


def keys_from(text: str) -> dict[str, bytes]:
    """`id:base64` pairs as in SIGNING_KEYS."""
    pairs = (pair.partition(":") for pair in text.split(","))
    return {key_id: base64.b64decode(secret) for key_id, _, secret in pairs}


def claims_of(headers: Mapping[str, str], keys: Mapping[str, bytes]) -> dict[str, Any]:
    """What a valid token that has not expired says. Raises jwt.PyJWTError or KeyError."""
    token = headers["authorization"].removeprefix("Bearer ")
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"], issuer="fieldbeat")
    return claims
