"""Strict loopback WeCom, DingTalk, Feishu and Lark: validates every documented field, limits as they do, plays faults.

They refuse with HTTP 200 and a code. Written from their documentation; the ledger says what was taken and what a
person was shown, which is less: WeCom drops repeated texts and what is too much in silence.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from push.dingtalk import sign as dingtalk_sign
from push.feishu import sign as feishu_sign
from tests.support.loopback import LoopbackServer

CORP, AGENT, SECRET = "ww0123456789abcdef", 1_000_002, "made-up-secret-of-the-app"
_HOUR_S = 3_600
_PAGE = "<!doctype html><title>502 Bad Gateway</title>"
_WECOM_TEXT_BYTES = 2_048
_BODY_BYTES = 20_000


class ImFaultKind(StrEnum):
    """What the server does instead of taking a message; CODE answers the service's own `code`."""

    CODE = "code"
    STATUS = "status"
    HTML = "html"
    RESET = "reset"
    ANSWER_LOST = "answer_lost"
    HANG = "hang"
    SLOW = "slow"
    STALE_TOKEN = "stale_token"
    TOKEN_CODE = "token_code"


@dataclass(slots=True)
class ImFault:
    """Applies to one address or, with None, to every message, at most `times`, for `seconds` from now."""

    kind: ImFaultKind
    address: str | None = None
    code: int = -1
    times: int | None = None
    seconds: float | None = None
    delay_s: float = 0.3
    since: float = field(default_factory=time.monotonic)

    def hits(self, address: str) -> bool:
        if self.address not in {None, address} or (self.times is not None and self.times <= 0):
            return False
        return self.seconds is None or time.monotonic() - self.since <= self.seconds


@dataclass(frozen=True, slots=True)
class ImEntry:
    """One request to send: whether it was accepted, whether the person or group was shown it, and what was answered."""

    service: str
    address: str
    text: str
    accepted: bool
    shown: bool
    answer: int | str


class ImServer(LoopbackServer):
    """The state behind the endpoints.

    `robots` are the robots there are, with their secrets, by service and key; None takes every key, unsigned, for an
    operator who tries things out. `members` are those who see the WeCom app, None for everybody. `now_s` may be moved.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        """No faults, an empty ledger, nothing sent, nobody known."""
        self.faults: list[ImFault] = []
        self.ledger: list[ImEntry] = []
        self.robots: dict[tuple[str, str], str | None] | None = {}
        self.members: set[str] | None = set()
        self.token_requests = 0
        self.tokens: set[str] = set()
        self.now_s: Callable[[], float] = time.time
        self._sent: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        self._locked_until: dict[tuple[str, str], float] = {}
        self._texts: dict[tuple[str, str], float] = {}

    def fail(self, kind: ImFaultKind, address: str | None = None, **rest: Any) -> None:
        """Adds a fault; the first that applies wins."""
        self.faults.append(ImFault(kind, address, **rest))

    def shown(self, address: str | None = None) -> list[ImEntry]:
        """What people saw."""
        return [each for each in self.ledger if each.shown and address in {None, each.address}]

    def routes(self) -> list[Route]:
        """The four services and the control."""
        return [
            Route("/cgi-bin/gettoken", self._token, methods=["GET"]),
            Route("/cgi-bin/message/send", self._wecom_app, methods=["POST"]),
            Route("/cgi-bin/webhook/send", self._wecom_bot, methods=["POST"]),
            Route("/robot/send", self._dingtalk, methods=["POST"]),
            Route("/open-apis/bot/v2/hook/{key}", self._feishu, methods=["POST"]),
            Route("/ledger", self._ledger, methods=["GET"]),
            Route("/faults", self._faults, methods=["POST"]),
            Route("/reset", self._reset, methods=["POST"]),
        ]

    # -- WeCom ---------------------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        self.token_requests += 1
        fault = self._fault("", {ImFaultKind.TOKEN_CODE})
        if fault is not None:
            return JSONResponse({"errcode": fault.code, "errmsg": "refused"})
        given = dict(request.query_params)
        if given.get("corpid") != CORP:
            return JSONResponse({"errcode": 40013, "errmsg": "invalid corpid"})
        if given.get("corpsecret") != SECRET or len(given) != 2:
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
        token = secrets.token_urlsafe(32)
        self.tokens.add(token)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7_200})

    async def _wecom_app(self, request: Request) -> Response:
        token = request.query_params.get("access_token", "")
        if self._fault("", {ImFaultKind.STALE_TOKEN}):
            self.tokens.discard(token)
            return self._wecom(42001)
        if token not in self.tokens:
            return self._wecom(40014 if token else 41001)
        body = await _json(request)
        code = _wecom_app_problem(body)
        if code:
            return self._wecom(code)
        user, text = body["touser"].lower(), body["text"]["content"]
        if self.members is not None and user not in self.members:
            return self._wecom(81013)

        def shown() -> bool:
            interval = body.get("duplicate_check_interval", 1_800) if body.get("enable_duplicate_check") else 0
            seen = self._texts.get((user, json.dumps(body, sort_keys=True)), float("-inf"))
            self._texts[user, json.dumps(body, sort_keys=True)] = self.now_s()
            # More than 30 a minute or 1,000 an hour to one member is dropped in silence.
            room = self._counts("wecom_app", user, ((60, 30), (_HOUR_S, 1_000)))
            return room and self.now_s() - seen >= interval

        return await self._taken(request, "wecom_app", user, text, shown, self._wecom)

    async def _wecom_bot(self, request: Request) -> Response:
        key = request.query_params.get("key", "")
        if self.robots is not None and ("wecom_bot", key) not in self.robots:
            return self._wecom(93000)
        body = await _json(request)
        code = _wecom_text_problem(body)
        if code:
            return self._wecom(code)
        if not self._counts("wecom_bot", key, ((60, 20),)):
            self._note("wecom_bot", key, body["text"]["content"], 45009)
            return self._wecom(45009)
        return await self._taken(request, "wecom_bot", key, body["text"]["content"], lambda: True, self._wecom)

    @staticmethod
    def _wecom(code: int) -> Response:
        if code:
            return JSONResponse({"errcode": code, "errmsg": f"refused, hint: [{secrets.token_hex(6)}]"})
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": secrets.token_hex(12)})

    # -- DingTalk ------------------------------------------------------------------------------------------------

    async def _dingtalk(self, request: Request) -> Response:
        given = dict(request.query_params)
        key = given.get("access_token", "")
        secret = self.robots.get(("dingtalk", key)) if self.robots is not None else None
        if self.robots is not None and ("dingtalk", key) not in self.robots:
            return self._ding(300005, "token is not exist")
        if secret is not None:
            at_ms = given.get("timestamp", "")
            if not at_ms.isdigit() or abs(int(at_ms) / 1000 - self.now_s()) > _HOUR_S:
                return self._ding(310000, "invalid timestamp")
            if given.get("sign") != dingtalk_sign(secret, int(at_ms)):
                return self._ding(310000, "sign not match")
        raw = await request.body()
        body = await _json(request)
        content = body.get("text", {}).get("content") if isinstance(body.get("text"), dict) else None
        if set(body) - {"msgtype", "text", "at"} or body.get("msgtype") != "text" or not content:
            return self._ding(40035, "param error")
        if len(raw) > _BODY_BYTES:
            return self._ding(460101, "message too long")
        if self._locked_until.get(("dingtalk", key), 0) > self.now_s():
            self._note("dingtalk", key, content, 130101)
            return self._ding(130101, "send too fast")
        if not self._counts("dingtalk", key, ((60, 20),)):
            self._locked_until["dingtalk", key] = self.now_s() + 600
            self._note("dingtalk", key, content, 130101)
            return self._ding(130101, "send too fast, exceed 20 times per minute")
        return await self._taken(request, "dingtalk", key, content, lambda: True, self._ding)

    @staticmethod
    def _ding(code: int, text: str = "ok") -> Response:
        return JSONResponse({"errcode": code, "errmsg": text})

    # -- Feishu and Lark -----------------------------------------------------------------------------------------

    async def _feishu(self, request: Request) -> Response:
        key = request.path_params["key"]
        if self.robots is not None and ("feishu", key) not in self.robots:
            return self._fei(19001, "param invalid: incoming webhook access token invalid")
        secret = self.robots.get(("feishu", key)) if self.robots is not None else None
        raw = await request.body()
        body = await _json(request)
        if secret is not None:
            at_s = str(body.get("timestamp", ""))
            fresh = at_s.isdigit() and abs(int(at_s) - self.now_s()) <= _HOUR_S
            if not fresh or body.get("sign") != feishu_sign(secret, int(at_s)):
                return self._fei(19021, "sign match fail or timestamp is not within one hour from current time")
        content = body.get("content")
        text = content.get("text") if isinstance(content, dict) and set(content) == {"text"} else None
        unknown = set(body) - {"msg_type", "content", "timestamp", "sign"}
        if unknown or body.get("msg_type") != "text" or not isinstance(text, str) or not text:
            return self._fei(9499, "Bad Request")
        if len(raw) > _BODY_BYTES:
            return self._fei(9499, "Bad Request: body too large")
        if not self._counts("feishu", key, ((1, 5), (60, 100))):
            self._note("feishu", key, text, 11232)
            return self._fei(11232, "frequency limited")
        return await self._taken(request, "feishu", key, text, lambda: True, self._fei)

    @staticmethod
    def _fei(code: int, text: str = "success") -> Response:
        return JSONResponse({"code": code, "msg": text, "data": {}})

    # -- what all share ------------------------------------------------------------------------------------------

    async def _taken(
        self,
        request: Request,
        service: str,
        address: str,
        text: str,
        shown: Callable[[], bool],
        answer: Callable[[int], Response],
    ) -> Response:
        """Plays a fault, or takes the message."""
        fault = self._fault(address, set(ImFaultKind) - {ImFaultKind.STALE_TOKEN, ImFaultKind.TOKEN_CODE})
        if fault is not None and fault.kind is ImFaultKind.SLOW:
            await asyncio.sleep(fault.delay_s)
            fault = None
        if fault is None:
            self.ledger.append(ImEntry(service, address, text, accepted=True, shown=shown(), answer=0))
            return answer(0)
        lost = fault.kind is ImFaultKind.ANSWER_LOST
        told: int | str = fault.code if fault.kind is ImFaultKind.CODE else fault.kind.value
        self.ledger.append(ImEntry(service, address, text, accepted=lost, shown=lost and shown(), answer=told))
        match fault.kind:
            case ImFaultKind.CODE:
                return answer(fault.code)
            case ImFaultKind.STATUS:
                return Response(status_code=fault.code)
            case ImFaultKind.HTML:
                return HTMLResponse(_PAGE)
            case ImFaultKind.HANG:
                await self.hang(request)
            case _:
                self.cut(request)
        return Response(status_code=500)

    def _fault(self, address: str, kinds: set[ImFaultKind]) -> ImFault | None:
        fault = next((each for each in self.faults if each.kind in kinds and each.hits(address)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
        return fault

    def _counts(self, service: str, address: str, limits: tuple[tuple[int, int], ...]) -> bool:
        """Whether there is room in every sliding window for one more, which is counted then."""
        sent, now = self._sent[service, address], self.now_s()
        room = all(sum(1 for at in sent if at > now - length) < most for length, most in limits)
        if room:
            sent.append(now)
        return room

    def _note(self, service: str, address: str, text: str, code: int) -> None:
        self.ledger.append(ImEntry(service, address, text, accepted=False, shown=False, answer=code))

    async def _ledger(self, request: Request) -> Response:
        return JSONResponse({"token_requests": self.token_requests, "entries": [asdict(row) for row in self.ledger]})

    async def _faults(self, request: Request) -> Response:
        try:
            asked = await request.json()
            self.fail(ImFaultKind(asked.pop("kind")), **asked)
        except (ValueError, KeyError, TypeError, AttributeError, ClientDisconnect) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
        return JSONResponse({"faults": len(self.faults)})

    async def _reset(self, request: Request) -> Response:
        self.faults.clear()
        self.ledger.clear()
        return JSONResponse({})


async def _json(request: Request) -> dict[str, Any]:
    """The body as an object; empty for anything else, which every service refuses."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return {}
    try:
        body = json.loads(await request.body())
    except (ValueError, ClientDisconnect):
        return {}
    return body if isinstance(body, dict) else {}


def _wecom_text_problem(body: dict[str, Any], also: frozenset[str] = frozenset()) -> int:
    """The code WeCom refuses a text with; 0 for none."""
    text = body.get("text")
    if body.get("msgtype") != "text":
        return 40008
    if set(body) - {"msgtype", "text"} - also or not isinstance(text, dict):
        return 40058
    if set(text) - {"content", "mentioned_list", "mentioned_mobile_list"} or not isinstance(text.get("content"), str):
        return 40058
    if not text["content"]:
        return 44004
    return 45002 if len(text["content"].encode()) > _WECOM_TEXT_BYTES else 0


def _wecom_app_problem(body: dict[str, Any]) -> int:
    known = frozenset({"touser", "agentid", "safe", "enable_duplicate_check", "duplicate_check_interval"})
    if type(body.get("agentid")) is not int or body["agentid"] != AGENT:
        return 40056
    if not isinstance(body.get("touser"), str) or not body["touser"]:
        return 40003
    interval = body.get("duplicate_check_interval", 1_800)
    if body.get("enable_duplicate_check", 0) not in {0, 1} or type(interval) is not int or interval > 4 * _HOUR_S:
        return 40058
    return _wecom_text_problem(body, known)
