"""Firebase Cloud Messaging over its HTTP v1 API; made by push/registry.py, called by the delivery worker.

Messages are built and validated with firebase_admin's `messaging` classes and posted by aiohttp: the library's own
senders retry underneath the outbox, wedge after repeated 500s, and lose a batch to one answer that is not JSON.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
import orjson
from firebase_admin import messaging

from domain.deliveries import Outcome, SendResult
from domain.devices import Platform
from domain.notices import Priority
from push.answers import json_object, retry_after_s
from push.channel import Message
from push.google_oauth import AccessTokens, ServiceAccount

_library: Any = messaging
"""Its constructors carry no types."""

PAYLOAD_BYTES = 4_096
"""FCM's limit for data and shown text together."""
THROTTLED_S = 60.0
"""The wait after a 429 that names none."""
_COLLAPSE_BYTES = 64
_RESERVED = ("google.", "gcm.")
_RESERVED_KEYS = {"from", "message_type", "gcm", "google"}
_CONNECTIONS = 100
_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
)
_THIRD_PARTY = {"THIRD_PARTY_AUTH_ERROR", "APNS_AUTH_ERROR"}
_TOKEN_FIELDS = {"message.token", "message.fid", "token", "fid"}


def encode(message: Message) -> dict[str, Any]:
    """The body of `messages:send`. ValueError when FCM or the platform would refuse it, or it has no address."""
    if message.target is None or message.target.address is None:
        raise ValueError("no device to send to")
    built = _library.Message(data=message.data, fid=message.target.fid)
    if message.target.fid is None:
        # Set afterwards: the constructor warns about tokens, and a device without a fid has nothing else.
        built.token = message.target.token
    if message.silent:
        _wake_up(built, message)
    else:
        _show(built, message, message.target.platform)
    body = {"message": json.loads(str(built))}
    # After the library's own validation: only now is everything known to be text.
    _check_limits(message)
    return body


def _wake_up(built: Any, message: Message) -> None:
    """For the app in the background; each platform takes its own part."""
    built.android = _library.AndroidConfig(priority="high", ttl=message.ttl_s)
    built.apns = _library.APNSConfig(
        headers={
            # Apple refuses a background push of high priority.
            "apns-priority": "5",
            "apns-push-type": "background",
            "apns-collapse-id": message.collapse_id,
            "apns-expiration": str(int(message.deadline_at.timestamp())),
        },
        payload=_library.APNSPayload(aps=_library.Aps(content_available=True)),
    )


def _show(built: Any, message: Message, platform: Platform) -> None:
    urgent = message.priority is not Priority.NORMAL
    built.notification = _library.Notification(title=message.title, body=message.body)
    match platform:
        case Platform.ANDROID:
            built.android = _library.AndroidConfig(
                priority="high" if urgent else "normal",
                ttl=message.ttl_s,
                notification=_library.AndroidNotification(
                    # collapse_key would not merge what is shown, and only four are kept for a device.
                    tag=message.collapse_id,
                    priority="high" if urgent else "default",
                    default_sound=True,
                ),
            )
        case Platform.IOS:
            level = "time-sensitive" if urgent else "active"
            built.apns = _library.APNSConfig(
                headers={
                    "apns-priority": "10" if urgent else "5",
                    "apns-push-type": "alert",
                    "apns-collapse-id": message.collapse_id,
                    "apns-expiration": str(int(message.deadline_at.timestamp())),
                },
                payload=_library.APNSPayload(
                    aps=_library.Aps(sound="default", custom_data={"interruption-level": level})
                ),
            )
        case Platform.WEB:
            built.webpush = _library.WebpushConfig(
                headers={"TTL": str(message.ttl_s), "Urgency": "high" if urgent else "normal"},
                notification=_library.WebpushNotification(
                    title=message.title, body=message.body, tag=message.collapse_id, language=message.locale
                ),
            )


def _check_limits(message: Message) -> None:
    size = sum(len(part.encode()) for item in message.data.items() for part in item)
    size += len(message.title.encode()) + len(message.body.encode())
    if size > PAYLOAD_BYTES:
        raise ValueError(f"{size} bytes of data and text, the limit is {PAYLOAD_BYTES}")
    reserved = [key for key in message.data if key in _RESERVED_KEYS or key.startswith(_RESERVED)]
    if reserved:
        raise ValueError(f"reserved data keys: {', '.join(sorted(reserved))}")
    if not message.collapse_id.isascii() or len(message.collapse_id) > _COLLAPSE_BYTES:
        raise ValueError(f"the collapse id is not within {_COLLAPSE_BYTES} ASCII bytes")


class _Refusal(NamedTuple):
    """The parts of Google's error object that decide."""

    status: str
    code: str
    text: str
    fields: frozenset[str]

    @classmethod
    def read(cls, content: dict[str, Any]) -> _Refusal:
        error = content.get("error")
        error = error if isinstance(error, dict) else {}
        details = error.get("details")
        items = [item for item in details if isinstance(item, dict)] if isinstance(details, list) else []
        codes = [item["errorCode"] for item in items if isinstance(item.get("errorCode"), str)]
        violations = [entry for item in items for entry in _dicts(item.get("fieldViolations"))]
        return cls(
            status=str(error.get("status", "")),
            code=codes[0] if codes else "",
            text=str(error.get("message", "")),
            fields=frozenset(str(entry.get("field", "")) for entry in violations),
        )

    @property
    def names_token(self) -> bool:
        """A violation of the token field, or FCM's own error about the registration token, which comes without one."""
        if self.fields:
            return self.fields <= _TOKEN_FIELDS
        return self.code == "INVALID_ARGUMENT" and "registration token" in self.text.lower()


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def read_answer(answer: httpx.Response, now: datetime) -> SendResult:
    """What FCM's answer means. Documented codes decide; an answer that is not JSON came from something in between."""
    status = answer.status_code
    wait_s = retry_after_s(answer, now)
    content = json_object(answer)
    if content is None:
        return SendResult(Outcome.RETRY, f"HTTP {status} without JSON", wait_s)
    if status == httpx.codes.OK:
        name = content.get("name")
        if isinstance(name, str) and name:
            return SendResult(Outcome.ACCEPTED, provider_message_id=name)
        return SendResult(Outcome.AMBIGUOUS, "HTTP 200 without a message name")
    refusal = _Refusal.read(content)
    detail = f"HTTP {status} {refusal.code or refusal.status}: {refusal.text[:200]}"
    if refusal.code in _THIRD_PARTY:
        return SendResult(Outcome.CONFIG, detail)
    match status:
        case 400:
            return SendResult(Outcome.DEAD_TARGET if refusal.names_token else Outcome.POISON, detail)
        case 403 if refusal.code == "SENDER_ID_MISMATCH":
            return SendResult(Outcome.DEAD_TARGET, detail)
        case 404 if refusal.code == "UNREGISTERED":
            return SendResult(Outcome.DEAD_TARGET, detail)
        case 401 | 403 | 404:
            # Without a code about the device these are about us: credentials, a disabled API, a wrong project.
            return SendResult(Outcome.CONFIG, detail)
        case 429:
            return SendResult(Outcome.THROTTLED, detail, THROTTLED_S if wait_s is None else wait_s)
        case 408:
            return SendResult(Outcome.RETRY, detail, wait_s)
    if 400 <= status < 500:
        return SendResult(Outcome.POISON, detail)
    return SendResult(Outcome.RETRY, detail, wait_s)


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for the address."""
    parts = urlsplit(url)
    proxies = getproxies()
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


@cache
def _trust_store() -> ssl.SSLContext:
    # Read once for all channels of the process: it takes a tenth of a second.
    return httpx.create_ssl_context()


class FcmChannel:
    """Sends each message by one POST of its own; `clock` is the real time, which Google compares with its own."""

    name = "fcm"

    def __init__(
        self,
        account: ServiceAccount,
        clock: Callable[[], datetime],
        *,
        project_id: str | None = None,
        base_url: str,
        timeout_s: float,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/v1/projects/{project_id or account.project_id}/messages:send"
        self._clock = clock
        self._timeout_s = timeout_s
        self._tokens_client = httpx.AsyncClient(
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
            verify=_trust_store(),
        )
        self._tokens = AccessTokens(account, self._tokens_client, clock, timeout_s)
        self._proxy = _proxy_for(base_url)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> SendResult:
        """One attempt within `timeout_s`, and as long again at most when a new access token is needed."""
        try:
            body = orjson.dumps(encode(message))
        except ValueError as error:
            return SendResult(Outcome.POISON, f"not sendable: {error}")
        token = await self._tokens.get()
        if isinstance(token, SendResult):
            return token
        result = await self._post(body, token)
        address = message.target.address if message.target else None
        if address and address in result.detail:
            return SendResult(result.outcome, result.detail.replace(address, "<address>"), result.retry_after_s)
        return result

    async def close(self) -> None:
        """Closes the connections; answers still on their way are lost."""
        await self._tokens.close()
        await self._tokens_client.aclose()
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        """The connections; made by the first send, because they belong to the event loop that runs."""
        if self._session is None:
            # HTTP/1.1: a stream error or a lost connection then concerns one message. POST is never sent twice.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=_trust_store()),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, connect=self._timeout_s / 2),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Content-Type": "application/json"},
            )
        return self._session

    async def _post(self, body: bytes, token: str) -> SendResult:
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._opened().post(
                self._url, data=body, headers=headers, proxy=self._proxy, allow_redirects=False
            ) as posted:
                answer = httpx.Response(posted.status, headers=posted.headers, content=await posted.read())
        except _NOT_SENT as error:
            return SendResult(Outcome.RETRY, f"not connected: {type(error).__name__}")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            return SendResult(Outcome.CONFIG, f"base URL: {type(error).__name__}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return SendResult(Outcome.AMBIGUOUS, f"no answer: {type(error).__name__}")
        result = read_answer(answer, self._clock())
        if answer.status_code == httpx.codes.UNAUTHORIZED and result.outcome is Outcome.CONFIG:
            self._tokens.forget(token)
        return result
