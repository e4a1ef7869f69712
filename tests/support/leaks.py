"""What no answer may ever hold: words that tell how the server is built; for the tests with hostile requests."""

from __future__ import annotations

import re

INTERNALS = re.compile(
    r"""Traceback|File \\?"|\.py\b|site-packages|line \d+, in
    |mongodb(?:\+srv)?://|pymongo|motor\b|bson|E11000|WriteError|OperationFailure|secantus|ServerSelection
    |graphql-core|strawberry|starlette|uvicorn|orjson|structlog|<class\ '|object\ at\ 0x|NoneType
    |\b(?:resolvers|storage|schema|domain|wiring|api)\.[a-z_]+""",
    re.VERBOSE | re.IGNORECASE,
)


def leaked(text: str) -> str | None:
    """The first word of the server's insides in an answer."""
    found = INTERNALS.search(text)
    return text[max(0, found.start() - 60) : found.end() + 60] if found else None
