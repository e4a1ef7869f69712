"""The check schemathesis applies to each answer; loaded by its own command through SCHEMATHESIS_HOOKS.

Its built-in check takes every error of an answer for a failure of the server, also one that says what the caller did.
"""

from __future__ import annotations

from typing import Any

import schemathesis  # type: ignore[import-not-found]

from tests.support.leaks import problem_with


@schemathesis.check  # type: ignore[untyped-decorator]
def only_the_callers_fault(ctx: Any, response: Any, case: Any) -> None:
    """Any GraphQL answer whose errors have codes, none of them our fault, and tell nothing of the server."""
    assert response.status_code < 500, response.status_code
    problem = problem_with(response.json())
    assert problem is None, problem
