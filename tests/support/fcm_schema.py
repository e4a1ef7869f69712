"""What FCM's HTTP v1 documentation lets into `messages:send`, as a table; fcm_server.py answers 400 for the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Violation = tuple[str, str]
Check = Callable[[Any, str], list[Violation]]

_DURATION = re.compile(r"([0-9]{1,12})(?:\.[0-9]{1,9})?s")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_LABEL = re.compile(r"[a-zA-Z0-9\-_.~%]{1,50}")
_TOPIC = re.compile(r"[a-zA-Z0-9\-_.~%]+")
_FOUR_WEEKS_S = 2_419_200


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _bad(path: str, kind: str, value: object) -> list[Violation]:
    return [(path, f"Invalid value at '{path}' ({kind}), {json.dumps(value)[:80]}")]


def text(value: Any, path: str) -> list[Violation]:
    return [] if isinstance(value, str) else _bad(path, "TYPE_STRING", value)


def matching(pattern: re.Pattern[str]) -> Check:
    def check(value: Any, path: str) -> list[Violation]:
        return [] if isinstance(value, str) and pattern.fullmatch(value) else _bad(path, "TYPE_STRING", value)

    return check


def boolean(value: Any, path: str) -> list[Violation]:
    return [] if isinstance(value, bool) else _bad(path, "TYPE_BOOL", value)


def whole(value: Any, path: str) -> list[Violation]:
    return [] if isinstance(value, int) and not isinstance(value, bool) else _bad(path, "TYPE_INT32", value)


def fraction(value: Any, path: str) -> list[Violation]:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return [] if ok else _bad(path, "TYPE_FLOAT", value)


def one_of(*names: str) -> Check:
    def check(value: Any, path: str) -> list[Violation]:
        return [] if isinstance(value, str) and value.upper() in names else _bad(path, "TYPE_ENUM", value)

    return check


def duration(value: Any, path: str) -> list[Violation]:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return (
        []
        if found and int(found[1]) <= _FOUR_WEEKS_S
        else _bad(path, "type.googleapis.com/google.protobuf.Duration", value)
    )


def texts(value: Any, path: str) -> list[Violation]:
    return listed(text)(value, path)


def listed(check: Check) -> Check:
    def check_all(value: Any, path: str) -> list[Violation]:
        if not isinstance(value, list):
            return _bad(path, "list", value)
        return [found for index, entry in enumerate(value) for found in check(entry, f"{path}[{index}]")]

    return check_all


def text_map(value: Any, path: str) -> list[Violation]:
    if not isinstance(value, dict):
        return _bad(path, "map", value)
    return [found for index, entry in enumerate(value.values()) for found in text(entry, f"{path}[{index}].value")]


def data_map(value: Any, path: str) -> list[Violation]:
    found = text_map(value, path)
    if found:
        return found
    reserved = [key for key in value if key in {"from", "message_type"} or key.startswith(("google", "gcm"))]
    return [(path, f"Invalid data payload key: {key}") for key in reserved]


def struct(value: Any, path: str) -> list[Violation]:
    return [] if isinstance(value, dict) else _bad(path, "type.googleapis.com/google.protobuf.Struct", value)


def fields(**known: Check) -> Check:
    """An object of exactly these fields, each under its camelCase or snake_case name, as proto3 JSON allows."""

    def check(value: Any, path: str) -> list[Violation]:
        if not isinstance(value, dict):
            return _bad(path, "object", value)
        found: list[Violation] = []
        for name, entry in value.items():
            rule = known.get(name) or known.get(_camel(name))
            inner = f"{path}.{name}" if path else name
            if rule is None:
                where = f" at '{path}'" if path else ""
                found.append((path, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'))
            else:
                found += rule(entry, inner)
        return found

    return check


def _web_headers(value: Any, path: str) -> list[Violation]:
    found = text_map(value, path)
    if found:
        return found
    ttl, urgency = value.get("TTL"), value.get("Urgency")
    if ttl is not None and not ttl.isdigit():
        found += _bad(f"{path}.TTL", "seconds", ttl)
    if urgency is not None and urgency not in {"very-low", "low", "normal", "high"}:
        found += _bad(f"{path}.Urgency", "urgency", urgency)
    return found


_APNS_HEADERS: dict[str, Callable[[str], bool]] = {
    "apns-priority": lambda value: value in {"1", "5", "10"},
    "apns-push-type": lambda value: value in {"alert", "background", "liveactivity"},
    "apns-collapse-id": lambda value: 0 < len(value.encode()) <= 64,
    "apns-expiration": lambda value: value.isdigit(),
    "apns-topic": bool,
    "apns-id": bool,
}


def _apns_headers(value: Any, path: str) -> list[Violation]:
    found = text_map(value, path)
    if found:
        return found
    return [
        violation
        for name, entry in value.items()
        if name not in _APNS_HEADERS or not _APNS_HEADERS[name](entry)
        for violation in _bad(f"{path}.{name}", "APNs header", entry)
    ]


def _apns_payload(value: Any, path: str) -> list[Violation]:
    if not isinstance(value, dict) or not isinstance(value.get("aps", {}), dict):
        return _bad(path, "aps", value)
    level = value.get("aps", {}).get("interruption-level", "active")
    if level not in {"passive", "active", "time-sensitive", "critical"}:
        return _bad(f"{path}.aps.interruption-level", "interruption level", level)
    return []


_COLOR = fields(red=fraction, green=fraction, blue=fraction, alpha=fraction)
_TEXT_FIELDS = ("title", "body", "icon", "color", "sound", "tag", "ticker", "image")
_APP_FIELDS = ("clickAction", "bodyLocKey", "titleLocKey", "channelId")
_FLAG_FIELDS = ("sticky", "localOnly", "defaultSound", "defaultVibrateTimings", "defaultLightSettings")
_ANDROID_NOTIFICATION = fields(
    **dict.fromkeys(_TEXT_FIELDS + _APP_FIELDS, text),
    **dict.fromkeys(_FLAG_FIELDS, boolean),
    bodyLocArgs=texts,
    titleLocArgs=texts,
    eventTime=matching(_TIMESTAMP),
    notificationPriority=one_of(
        "PRIORITY_UNSPECIFIED", "PRIORITY_MIN", "PRIORITY_LOW", "PRIORITY_DEFAULT", "PRIORITY_HIGH", "PRIORITY_MAX"
    ),
    vibrateTimings=listed(duration),
    visibility=one_of("VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET"),
    notificationCount=whole,
    lightSettings=fields(color=_COLOR, lightOnDuration=duration, lightOffDuration=duration),
    proxy=one_of("PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED"),
)
_LABELLED = fields(analyticsLabel=matching(_LABEL))
_REQUEST = fields(
    validateOnly=boolean,
    message=fields(
        name=text,
        data=data_map,
        notification=fields(title=text, body=text, image=text),
        android=fields(
            collapseKey=text,
            priority=one_of("NORMAL", "HIGH"),
            ttl=duration,
            restrictedPackageName=text,
            data=data_map,
            notification=_ANDROID_NOTIFICATION,
            fcmOptions=_LABELLED,
            directBootOk=boolean,
            bandwidthConstrainedOk=boolean,
            restrictedSatelliteOk=boolean,
        ),
        webpush=fields(
            headers=_web_headers,
            data=data_map,
            notification=struct,
            fcmOptions=fields(link=matching(re.compile("https://.+")), analyticsLabel=matching(_LABEL)),
        ),
        apns=fields(
            headers=_apns_headers,
            payload=_apns_payload,
            fcmOptions=fields(analyticsLabel=matching(_LABEL), image=text),
            liveActivityToken=text,
        ),
        fcmOptions=_LABELLED,
        token=text,
        fid=text,
        topic=matching(_TOPIC),
        condition=text,
    ),
)
_TARGETS = ("token", "fid", "topic", "condition")


def violations(body: Any) -> list[Violation]:
    """(field, description) of everything the documented API would refuse in a request body; empty if nothing."""
    found = _REQUEST(body, "")
    if found:
        return found
    message = body.get("message")
    if message is None:
        return [("message", "Missing message")]
    targets = [name for name in _TARGETS if message.get(name)]
    if len(targets) != 1:
        return [("message", f"Exactly one recipient is needed, found {len(targets)}")]
    parts = [part for item in message.get("data", {}).items() for part in item]
    parts += [message.get("notification", {}).get(name, "") for name in ("title", "body")]
    size = sum(len(part.encode()) for part in parts)
    return [("message", "Android message is too big")] if size > 4096 else []
