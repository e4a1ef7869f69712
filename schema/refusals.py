"""GraphQL types of the domain's refusals: one `shown(...)` line each, so that names and fields cannot drift apart."""

from datetime import datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import strawberry

from domain import refusals as domain


@strawberry.interface(
    description="Why a request was understood but not carried out. Select `code` and `message` for refusals "
    "that your app does not know yet."
)
class Refusal:
    code: str = strawberry.field(description="Stable, upper case; switch on it or on `__typename`.")
    message: str = strawberry.field(description="One English sentence for developers; word your own for users.")


def shown(kind: type[domain.Refusal], **facts: str) -> type[Any]:
    """The GraphQL type of one refusal: its name, its docstring, and a description for each of its facts."""
    hints = get_type_hints(kind)
    body: dict[str, Any] = {"__annotations__": {}, "__doc__": kind.__doc__}
    for name, text in facts.items():
        body["__annotations__"][name] = _graphql_type(name, hints[name])
        # A field called `id` would make a client's cache take the refusal for the record of that id.
        body[name] = strawberry.field(description=text, name="recordId" if name == "id" else None)
    return strawberry.type(type(kind.__name__, (Refusal,), body), description=(kind.__doc__ or "").strip())


def _graphql_type(name: str, hint: Any) -> Any:
    if get_origin(hint) in {Union, UnionType}:
        inner = next(each for each in get_args(hint) if each is not NoneType)
        return _graphql_type(name, inner) | None
    if get_origin(hint) is tuple:
        return list[_graphql_type(name, get_args(hint)[0])]  # type: ignore[misc]
    if hint in {bool, int, float, datetime}:
        return hint
    return strawberry.ID if name == "id" or name.endswith(("_id", "_ids")) else (hint if _is_enum(hint) else str)


def _is_enum(hint: Any) -> bool:
    return hasattr(hint, "__strawberry_definition__")


NotFound = shown(domain.NotFound, id="The id that was asked for.")
InvalidInput = shown(domain.InvalidInput, field="Path of the value in the input.", reason="What is wrong with it.")
NotAllowed = shown(domain.NotAllowed, capability="What the caller's role lacks.")
WrongState = shown(domain.WrongState, id="The record.", current_state="The state it is in.")
VersionConflict = shown(domain.VersionConflict, id="The record.", current_version="Its version now.")
KeyReused = shown(domain.KeyReused, client_key="The key that was used twice.")
IdTaken = shown(domain.IdTaken, id="The id that belongs to something else.")
RetryLater = shown(domain.RetryLater, retry_after_s="Seconds to wait.")

COMMON = (NotFound, InvalidInput, KeyReused, RetryLater)
"""What every mutation with a client key can answer."""
