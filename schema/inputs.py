"""Input objects -> plain values for resolvers: absent fields are left out, nested inputs become dicts."""

from dataclasses import fields, is_dataclass
from typing import Any

import strawberry


def given(source: Any) -> dict[str, Any]:
    """The fields the client sent (UNSET ones are left out; None stays where the field's default is UNSET)."""
    found: dict[str, Any] = {}
    for each in fields(source):
        value = getattr(source, each.name)
        if value is strawberry.UNSET or (value is None and each.default is None):
            continue
        found[each.name] = plain(value)
    return found


def plain(value: Any) -> Any:
    """Lists and nested inputs without Strawberry's classes."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    return given(value) if is_dataclass(value) and not isinstance(value, type) else value
