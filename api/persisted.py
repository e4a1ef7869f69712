"""Documents that an operator registered in a file, so that production can refuse all others; read once at the start.

Two shapes are read: a JSON object `{id: text}` (what Relay's compiler and many generators write) and the manifest
`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id", "body", ...}]}`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from graphql import GraphQLError

MANIFEST: Final = "apollo-persisted-query-manifest"
_PREFIX: Final = "sha256:"
_SHOWN: Final = 20

P = TypeVar("P")


class PersistedDocumentsError(Exception):
    """The file cannot be used; the text is meant for the operator and names every faulty document."""


class Registered(Generic[P]):
    """Prepared documents by their id in the file and by the SHA-256 of their text."""

    def __init__(self, texts: Mapping[str, str], prepare: Callable[[str], P | list[GraphQLError]]) -> None:
        """Prepares all of them; PersistedDocumentsError names those that are not valid."""
        self._by_id: dict[str, P] = {}
        self._by_text: dict[str, P] = {}
        problems = []
        for given, text in texts.items():
            prepared = prepare(text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if isinstance(prepared, list):
                problems.append(f"{given}: {prepared[0].message}")
            elif given.startswith(_PREFIX) and given != _PREFIX + digest:
                problems.append(f"{given}: the SHA-256 of its text is {digest}.")
            else:
                self._by_text[text] = prepared
                self._by_id[given] = prepared
                self._by_id.setdefault(digest, prepared)
                self._by_id.setdefault(_PREFIX + digest, prepared)
        if problems:
            more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
            raise PersistedDocumentsError("\n".join(problems[:_SHOWN] + more))

    def __len__(self) -> int:
        return len(self._by_text)

    def by_id(self, given: str) -> P | None:
        """The document of this id or hash."""
        return self._by_id.get(given)

    def by_text(self, text: str) -> P | None:
        """The document of exactly this text."""
        return self._by_text.get(text)


def read_manifest(path: Path) -> dict[str, str]:
    """Texts by id. PersistedDocumentsError where the file is not one of the two shapes."""
    try:
        value = json.loads(path.read_bytes(), object_pairs_hook=_distinct)
    except (OSError, ValueError, RecursionError) as error:
        raise PersistedDocumentsError(f"The file is not readable as JSON: {error}") from error
    texts = _of_manifest(value) if isinstance(value, dict) and "operations" in value else value
    if not isinstance(texts, dict) or not all(isinstance(text, str) and key for key, text in texts.items()):
        raise PersistedDocumentsError(f'The file must hold {{"id": "text", ...}} or a manifest of format "{MANIFEST}".')
    return texts


def _of_manifest(value: dict[str, Any]) -> dict[str, str]:
    operations = value["operations"]
    if isinstance(operations, str):  # a document may be called so
        return value
    if value.get("format") != MANIFEST or value.get("version") != 1 or not isinstance(operations, list):
        raise PersistedDocumentsError(f'A manifest is of format "{MANIFEST}", version 1, with a list of operations.')
    entries = []
    for number, operation in enumerate(operations):
        given = operation.get("id") if isinstance(operation, dict) else None
        body = operation.get("body") if isinstance(operation, dict) else None
        if not (isinstance(given, str) and isinstance(body, str)):
            raise PersistedDocumentsError(f"operations[{number}] must have an `id` and a `body`, both text.")
        entries.append((given, body))
    try:
        return _distinct(entries)
    except ValueError as error:
        raise PersistedDocumentsError(str(error)) from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ValueError(f"{key} stands there twice, for different values")
        found[key] = value
    return found
