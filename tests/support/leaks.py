"""What no answer may ever hold: errors that are our fault, and words that tell how the server is built.

Only the standard library: schemathesis loads this in an environment of its own.
"""

from __future__ import annotations

import json
import re
from typing import Any

INTERNALS = re.compile(
    r"""Traceback|File\ \\?"|\.py\b|site-packages|line\ \d+,\ in
    |mongodb(?:\+srv)?://|pymongo|motor\b|bson|E11000|WriteError|OperationFailure|secantus|ServerSelection
    |graphql-core|strawberry|starlette|uvicorn|orjson|structlog|<class\ '|object\ at\ 0x|NoneType
    |\b(?:resolvers|storage|schema|domain|wiring|api)\.[a-z_]+""",
    re.VERBOSE | re.IGNORECASE,
)


def leaked(text: str) -> str | None:
    """The first word of the server's insides in an answer."""
    found = INTERNALS.search(text)
    return text[max(0, found.start() - 60) : found.end() + 60] if found else None


def problem_with(answer: Any) -> str | None:
    """What keeps a value from being a GraphQL answer that may be shown."""
    if not isinstance(answer, dict) or not answer or set(answer) - {"data", "errors", "extensions"}:
        return "no GraphQL answer"
    errors = answer.get("errors", [])
    if not isinstance(errors, list) or ("errors" in answer and not errors):
        return "`errors` is no list of errors"
    for error in errors:
        code = error.get("extensions", {}).get("code")
        if not (isinstance(error.get("message"), str) and isinstance(code, str) and code.isupper()):
            return "an error without message or code"
        if code == "INTERNAL":
            return "a masked error"
    return leaked(json.dumps(errors))
