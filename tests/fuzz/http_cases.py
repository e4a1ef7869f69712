"""HTTP requests no client library would send, each made from a seeded generator; for tests/fuzz."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from tests.fuzz.target import Target
from tests.support.any_values import anything

RAW_VALUES = (
    "9" * 5_000,
    "-" + "1" * 5_000,
    "0." + "3" * 5_000,
    "1e400",
    "-1e400",
    "1E+999999999",
    "18446744073709551616",
    "NaN",
    "Infinity",
    "-Infinity",
    "-0",
    "0x10",
    "01",
    ".5",
    "'single'",
    "undefined",
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\x41"',
    '"tab\tinside"',
    '"' + "x" * 100_000 + '"',
    "[" * 100_000,
    "[" * 50_000 + "]" * 50_000,
    '{"a":' * 20_000 + "1" + "}" * 20_000,
    '{"$ne":null}',
    '{"__proto__":{"admin":true}}',
    '{"a":1,"a":2}',
    "[null" + ",null" * 20_000 + "]",
    "/* comment */ 1",
    "1,",
)
CONTENT_TYPES = (
    "",
    "text/plain",
    "application/graphql",
    "application/json; charset=utf-16",
    "application/json; charset=\x00",
    "application/json;;;=",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/jsonx",
    "APPLICATION/JSON",
    'application/json; charset="utf-8"; charset=utf-7',
    "a" * 5_000,
)
ACCEPTS = (
    "*/*",
    "text/html",
    "application/json;q=0",
    "application/*;q=nan",
    ",,;",
    "\xff",
    "q=1;" * 500,
    "text/*;q=-1",
)
ENCODINGS = ("gzip", "br", "deflate, gzip", "identity", "x" * 1_000, "")
CREDENTIALS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer null",
    "Bearer a.b.c",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Basic YTpi",
    "Bearer \xff\xfe",
    "Bearer " + "x" * 20_000,
    "bearer " + "eyJ" * 3_000 + "..",
)
METHODS = ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND", "get", "POST")
PATHS = (
    "/graphql/",
    "/graphql?",
    "/graphql//",
    "/%00",
    "/..%2f..%2fetc/passwd",
    "/healthz",
    "/readyz",
    "/",
    "*",
    "//x",
)
LENGTHS = ("0", "1", "-1", "+5", "5, 5", "99999999", "9" * 30, "abc", "0x10", "", " 12 ", "1e3")
DOCUMENTS = (
    "{" * 3_000,
    "{a" * 3_000 + "}" * 3_000,
    "{ __typename " + "@skip(if: false) " * 500 + "}",
    "{ " + " ".join(f"a{n}: __typename" for n in range(3_000)) + " }",
    "query A { __typename } " * 200,
    "fragment A on Query { ...B } fragment B on Query { ...A } { ...A }",
    "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(30))
    + "fragment F30 on Query { __typename } { ...F0 }",
    '{ node(id: "\\u{110000}") { id } }',
    '{ node(id: "\\uD800") { id } }',
    '{ node(id: """' + "\n  x" * 5_000 + '""") { id } }',
    "{ leads(first: " + "9" * 5_000 + ") { nodes { id } } }",
    "{ leads(first: -1e999) { nodes { id } } }",
    "{ leads(first: 100) { nodes { activities(first: 50) { lead { activities(first: 50) { id } } } } } }",
    "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
    "subscription { a: teamMapChanged { at } b: teamMapChanged { at } }",
    "#" * 50_000,
    "\ufeff{ __typename }",
    "{ __typename } \x00",
    "{ ...on Query @include(if: $x) { __typename } }",
    "query ($x: [[[[Int!]!]!]!]! = [[[[1]]]]) { __typename }",
    "type A { b: C } { __typename }",
    "",
)
ENVELOPES: tuple[Any, ...] = (
    [],
    [[]],
    "x",
    42,
    None,
    True,
    {},
    {"query": None},
    {"query": 1},
    {"query": ["{ __typename }"]},
    [{"query": "{ __typename }"}] * 50,
    {"query": "{ __typename }", "variables": []},
    {"query": "{ __typename }", "variables": "x"},
    {"query": "{ __typename }", "variables": {"": 1, "$": 2, "\x00": 3}},
    {"query": "{ __typename }", "operationName": 1},
    {"query": "{ __typename }", "operationName": "\ud800"},
    {"query": "query \ud800 { __typename }"},
    {"query": "{ __typename }", "extensions": 1},
    {"query": "{ __typename }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "f" * 64}}},
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    {"extensions": {"persistedQuery": {"version": "1", "sha256Hash": 5}}},
    {"documentId": "../../etc/passwd"},
    {"documentId": "sha256:" + "0" * 64, "id": 4},
)


@dataclass(frozen=True)
class Case:
    """What is sent on one connection."""

    name: str
    payload: bytes
    silent: bool = False
    """The server may close without an answer: the request never became whole."""
    then: bytes = b""
    """What follows once the server has answered."""
    plain: bool = False
    """It may answer in plain text, because what arrived is no HTTP request for the endpoint."""


def valid_call(target: Target, random: Random) -> dict[str, Any]:
    """A request as an app would send it, its arguments anything of the right shape half of the time."""
    field = random.choice([each for each in target.fields if each.kind != "subscription"])
    variables = field.variables(target.ids)
    names = [name for name in field.arguments if name != "clientKey"]
    if names and random.random() < 0.5:
        name = random.choice(names)
        variables[name] = anything(field.arguments[name], random, target.ids)
    return {"query": field.document, "variables": variables}


def request(
    target: Target,
    random: Random,
    body: bytes,
    *,
    method: str = "POST",
    path: str = "/graphql",
    length: str | None = None,
    **headers: str | None,
) -> bytes:
    """The bytes of a request; a header given as None is left out."""
    token = random.choice((*target.tokens, *target.tokens, None))
    given: dict[str, str | None] = {
        "host": "127.0.0.1",
        "connection": "close",
        "content-type": "application/json",
        "authorization": f"Bearer {token}" if token else None,
        "content-length": str(len(body)) if length is None else length,
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items() if value is not None)]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _encoded(call: Any) -> bytes:
    return json.dumps(call).encode()


def values(target: Target, random: Random) -> Case:
    """A well-formed request with any values."""
    return Case("values", request(target, random, _encoded(valid_call(target, random))))


def json_surgery(target: Target, random: Random) -> Case:
    """One value of the JSON replaced by text that is hard to read."""
    text = json.dumps(valid_call(target, random))
    places = list(re.finditer(r'(?<=[:\[,] )(?:"(?:[^"\\]|\\.)*"|-?[\d.e+]+|null|true|false|\[\]|\{\})', text))
    place = random.choice(places)
    text = text[: place.start()] + random.choice(RAW_VALUES) + text[place.end() :]
    return Case("json", request(target, random, text.encode()))


def flipped_bytes(target: Target, random: Random) -> Case:
    """Bytes of the body changed, doubled, inserted, cut."""
    body = bytearray(_encoded(valid_call(target, random)))
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(body) or 1)
        match random.randrange(4):
            case 0 if body:
                body[at] = random.randrange(256)
            case 1:
                body[at:at] = random.choice((b"\x00", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"'))
            case 2:
                del body[at : at + random.randint(1, 20)]
            case _:
                body[at:at] = body[max(0, at - 10) : at] * random.randint(1, 50)
    return Case("bytes", request(target, random, bytes(body)))


def wrong_lengths(target: Target, random: Random) -> Case:
    """A body that is not as long as it says, or chunks that are none."""
    body = _encoded(valid_call(target, random))
    if random.random() < 0.5:
        return Case("length", request(target, random, body, length=random.choice(LENGTHS)), silent=True, plain=True)
    head = request(target, random, b"", length=None, content_length=None, transfer_encoding="chunked")
    size = random.choice(
        (f"{len(body):x}", "ffffffffffffffff", "-1", "zz", "0", f"{len(body) // 2:x}", "1;" + "x" * 99)
    )
    return Case("chunks", head + size.encode() + b"\r\n" + body + b"\r\n0\r\n\r\n", silent=True, plain=True)


def cut_off(target: Target, random: Random) -> Case:
    """A request that stops in the middle."""
    whole = request(target, random, _encoded(valid_call(target, random)))
    return Case("cut", whole[: random.randrange(1, len(whole))], silent=True, plain=True)


def strange_headers(target: Target, random: Random) -> Case:
    """Types, encodings and credentials that make no sense."""
    body = _encoded(valid_call(target, random))
    changes: dict[str, Any] = {}
    match random.randrange(5):
        case 0:
            changes["content_type"] = random.choice((*CONTENT_TYPES, None))
        case 1:
            changes["accept"] = random.choice(ACCEPTS)
        case 2:
            changes["content_encoding"] = random.choice(ENCODINGS)
            body = gzip.compress(body) if random.random() < 0.5 else body
        case 3:
            changes["authorization"] = random.choice(CREDENTIALS)
        case _:
            name = random.choice(("x_request_id", "origin", "expect", "host", "traceparent", "x_forwarded_for", "te"))
            changes[name] = random.choice(("", "100-continue", "x" * 10_000, "\x01", "a, b", "::1", '"><script>'))
    return Case("headers", request(target, random, body, **changes), plain=True, silent=False)


def strange_documents(target: Target, random: Random) -> Case:
    """GraphQL text that is deep, wide, circular or broken."""
    if random.random() < 0.4:
        return Case("document", request(target, random, _encoded({"query": random.choice(DOCUMENTS)})))
    call = valid_call(target, random)
    tokens = re.findall(r"\.{3}|\w+|[^\w\s]|\s+", call["query"])
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(tokens))
        match random.randrange(4):
            case 0:
                tokens[at : at + random.randint(1, 4)] = []
            case 1:
                tokens[at:at] = tokens[at : at + 20] * random.randint(1, 10)
            case 2:
                other = random.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                tokens[at] = random.choice(
                    ("@skip", "{", "}", "$", "...", "on", '"', "null", "é", "#", "\x00", "&", "!")
                )
        tokens = tokens or [" "]
    return Case("tokens", request(target, random, _encoded(call | {"query": "".join(tokens)})))


def strange_envelopes(target: Target, random: Random) -> Case:
    """JSON that is no request."""
    return Case("envelope", request(target, random, _encoded(random.choice(ENVELOPES))))


def other_methods(target: Target, random: Random) -> Case:
    """GET with parameters, methods and paths the endpoint does not have."""
    call = valid_call(target, random)
    if random.random() < 0.5:
        text = call["query"].encode()
        if random.random() < 0.5:
            text += random.choice((b"\xff\xfe", b"\x00", b"&query=x", b"%zz", b"%", b"+"))
        variables = json.dumps(call["variables"]) if random.random() < 0.7 else random.choice(RAW_VALUES[:20])
        path = f"/graphql?query={quote_from_bytes(text)}&variables={quote_from_bytes(variables.encode())}"
        return Case("get", request(target, random, b"", method="GET", path=path), plain=len(path) > 60_000)
    method, path = random.choice(METHODS), random.choice(("/graphql", *PATHS))
    return Case("method", request(target, random, _encoded(call), method=method, path=path), plain=True, silent=True)


def no_http(target: Target, random: Random) -> Case:
    """Bytes that are no request at all, or two at once."""
    valid = request(target, random, _encoded({"query": "{ __typename }"}))
    payload = random.choice(
        (
            random.randbytes(random.randint(1, 3_000)),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /graphql\r\n\r\n",
            b"POST /graphql HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00" + random.randbytes(300),
            valid.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", 1),
            valid.replace(b"host", b"ho st", 1),
            valid.replace(b"\r\n", b"\n"),
            valid.replace(b"content-length", b"transfer-encoding: chunked\r\ncontent-length", 1),
            valid.replace(b"host:", b"host: a\r\nhost:", 1),
            valid.replace(b"/graphql", b"/\x00\xff", 1),
            valid.replace(b"close", b"keep-alive", 1) + valid,
        )
    )
    return Case("no http", payload, silent=True, plain=True)


KINDS: tuple[Callable[[Target, Random], Case], ...] = (
    values,
    values,
    json_surgery,
    json_surgery,
    flipped_bytes,
    wrong_lengths,
    cut_off,
    strange_headers,
    strange_documents,
    strange_documents,
    strange_envelopes,
    other_methods,
    no_http,
)
"""The ways to make a case; those with more to find are drawn more often."""


def http_case(target: Target, random: Random) -> Case:
    """Any case."""
    return random.choice(KINDS)(target, random)
