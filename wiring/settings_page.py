"""Renders docs/settings.md from the declarations of the settings; a test compares the page with the output."""

from __future__ import annotations

import sys
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from wiring.console_settings import ConsoleSettings
from wiring.push_settings import PushSettings
from wiring.settings import Settings

_HEAD = """# Settings

Environment variables, read once when a process starts. An empty variable counts as unset. This page is generated from
`wiring/settings.py`, `wiring/console_settings.py` and `wiring/push_settings.py` by `make settings-page`.

`ENVIRONMENT=production` refuses to start on the embedded database, without a signing key of its own, with a moved clock
or with Firebase's emulator switch.

| Variable | Value | Default | Meaning |
| --- | --- | --- | --- |
"""
_INHERITED = {**ConsoleSettings.model_fields, **PushSettings.model_fields}
_KINDS = {bool: "`1` or `0`", int: "whole number", float: "number", str: "text"}


def _kind(annotation: Any) -> str:
    """The value a variable takes, in words, from the type of its field."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return _kind(next(kind for kind in get_args(annotation) if kind is not NoneType))
    if hasattr(annotation, "__metadata__"):
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict:
        return "JSON object"
    return _KINDS.get(annotation, "path")


def _bounds(field: FieldInfo) -> str:
    words = []
    for rule in field.metadata:
        match rule:
            case Gt(limit):
                words.append(f"above {limit:,}")
            case Ge(limit):
                words.append(f"from {limit:,}")
            case Le(limit):
                words.append(f"to {limit:,}")
    return "".join(f" {word}" for word in words)


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "shown" in extra:
        return str(extra["shown"])
    value = field.default
    match value:
        case _ if field.default_factory is not None or value in (None, ()):
            return "unset"
        case bool():
            return "`1`" if value else "`0`"
    return f"`{value}`"


def settings_page() -> str:
    """The whole page, Markdown, ending with a line break."""
    rows = [
        f"| `{name.upper()}` | {_kind(field.annotation)}{_bounds(field)} | {_default(field)} | {field.description} |"
        # What is inherited comes first in the class and last on the page.
        for name, field in sorted(Settings.model_fields.items(), key=lambda item: item[0] in _INHERITED)
    ]
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
