"""What a caller sees of an error: a stable code, whether to retry, and nothing that was not meant for them.

Called by the HTTP and WebSocket edges for every error of every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog
from graphql import ArgumentNode, GraphQLError, Node, ValueNode

from domain.errors import CallerError

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
OPERATION_NOT_FOUND: Final = "OPERATION_RESOLUTION_FAILURE"
BAD_INPUT: Final = "BAD_INPUT"
BAD_REQUEST: Final = "BAD_REQUEST"
INTERNAL: Final = "INTERNAL"
TIMEOUT: Final = "TIMEOUT"

MASKED_MESSAGE: Final = "Something went wrong on our side."
_LOGGED_PER_ANSWER: Final = 5
_RETRYABLE: Final = frozenset({TIMEOUT, "TOO_MANY_ACTIVE_OPERATIONS", "SHUTTING_DOWN"})
_SAFE_CAUSES: Final = (GraphQLError, CallerError, ValueError, TypeError, ArithmeticError)

_log = structlog.get_logger("api")


class EdgeError(GraphQLError):
    """An error the API itself reports about a request; its message and extensions are shown as they are."""

    def __init__(self, code: str, message: str, nodes: Sequence[Node] | Node | None = None, **facts: Any) -> None:
        super().__init__(message, nodes, extensions={"code": code, "retryable": code in _RETRYABLE, **facts})


def coded(errors: Iterable[GraphQLError], code: str) -> list[GraphQLError]:
    """The errors graphql-core found in a request, given our code; text of unforeseen exceptions is left out."""
    return [error if isinstance(error, EdgeError) else _request_error(error, code) for error in errors]


def render(errors: Iterable[Exception], request_id: str) -> list[dict[str, Any]]:
    """The `errors` entry of an answer. Unexpected ones are logged with their traceback and masked."""
    rendered = []
    hidden = 0
    for error in errors:
        located = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
        cause = _cause(located)
        known = _known(located, cause)
        if known is None:
            hidden += 1
            if hidden <= _LOGGED_PER_ANSWER:
                _log.error("unexpected error", request_id=request_id, path=located.path, exc_info=cause)
            known = (MASKED_MESSAGE, {"code": INTERNAL, "retryable": False, "requestId": request_id})
        rendered.append(_formatted(located, *known))
    if hidden > _LOGGED_PER_ANSWER:
        _log.error("more unexpected errors in the same answer", request_id=request_id, count=hidden)
    return rendered


def _known(error: GraphQLError, cause: BaseException) -> tuple[str, dict[str, Any]] | None:
    if isinstance(cause, CallerError):
        return cause.message, {"code": cause.code, "retryable": cause.retryable, **cause.facts}
    if isinstance(cause, EdgeError):
        return cause.message, cause.extensions or {}
    # graphql-core points at the argument or variable only when the caller's value is at fault; errors about what a
    # resolver returned point at the field, and their text can hold stored data.
    nodes = (cause.nodes or ()) if isinstance(cause, GraphQLError) else ()
    if nodes and all(isinstance(node, ValueNode | ArgumentNode) for node in nodes):
        return error.message, {"code": BAD_INPUT, "retryable": False}
    return None


def _cause(error: GraphQLError) -> BaseException:
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _request_error(error: GraphQLError, code: str) -> EdgeError:
    message = error.message
    cause = _cause(error)
    if not isinstance(cause, _SAFE_CAUSES):
        _log.error("a scalar failed on input", exc_info=cause)
        message = "A value could not be read."
    edge = EdgeError(code, message, error.nodes)
    edge.locations = error.locations
    return edge


def _formatted(error: GraphQLError, message: str, extensions: dict[str, Any]) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    formatted["extensions"] = extensions
    return formatted
