"""The words of docs/performance.md: who is compared and what each server does; benchmarks/performance_page.py puts in
the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PEER_NAMES: Mapping[str, str] = {
    "fieldbeat": "Fieldbeat",
    "fieldbeat-pymongo": "Fieldbeat, PyMongo",
    "fallback": "Fieldbeat, not compiled",
    "strawberry": "Strawberry",
    "apollo": "Apollo Server 5",
    "mercurius": "Mercurius 16, JIT",
    "parse": "Parse Server 9",
    "handwritten": "Starlette by hand",
    "handwritten-token": "same, token only",
    "node": "node:http by hand",
}

_FULL, _NONE = "yes", "no"
_OURS = ("fieldbeat", "fieldbeat-pymongo", "fallback")
_HAND = ("handwritten", "handwritten-token")
_OURS_AND_HAND = dict.fromkeys((*_OURS, *_HAND), _FULL)

DUTIES: Sequence[tuple[str, Mapping[str, str]]] = (
    (
        "GraphQL",
        {
            "": _FULL,
            "handwritten": "four known texts",
            "handwritten-token": "four known texts",
            "node": "four known texts",
        },
    ),
    ("token (HS256, issuer, expiry)", {"": _FULL}),
    ("person active, session open", {"": _NONE, **dict.fromkeys((*_OURS, "handwritten"), _FULL)}),
    (
        "scope in every read",
        {
            "": "own records; relations by organization",
            **dict.fromkeys((*_OURS, *_HAND), "by role"),
            "parse": "own records, by the client's filter",
        },
    ),
    ("types of variables checked", {"": _FULL, "node": _NONE}),
    (
        "limits",
        {
            "": "the framework's own",
            "strawberry": _NONE,
            "node": _NONE,
            **dict.fromkeys(_OURS, "body, time, tokens, depth, aliases, cost, budgets"),
            **dict.fromkeys(_HAND, "body, time"),
        },
    ),
    ("unexpected errors masked and logged", {"": _NONE, "apollo": "without the stack", **_OURS_AND_HAND}),
    ("request id, cache and type headers", {"": _NONE, "apollo": "cache", **_OURS_AND_HAND}),
    ("media types negotiated", {"": _NONE, "apollo": _FULL, **_OURS_AND_HAND}),
    (
        "metrics",
        {
            "": _NONE,
            **dict.fromkeys(_OURS, "of the process"),
            **dict.fromkeys(_HAND, "count and time of each operation"),
        },
    ),
    ("gzip for who asks", {"": _NONE, **_OURS_AND_HAND}),
    (
        "check-in: reads and three writes",
        {
            "": "seven reads, one transaction",
            **dict.fromkeys(_OURS, "four reads, one transaction"),
            "parse": "seven reads, no transaction",
        },
    ),
)
"""What a server does besides the operation: a duty and what each does of it; `""` stands for all others."""

HEAD = """# Performance

<!-- Made by `make performance-page` from benchmarks/results; the words are in benchmarks/performance_text.py. -->

Four operations of a rep's phone, answered by this server and by others on the same 5,000 leads, 2,000 accounts and \
10,000 visits: one lead; a page of 50 leads with owner and account; the home screen (20 visits of today with account \
and last check-in, 10 leads with SLA and owner); a check-in. All servers are asked the same and must answer the same \
before anything is measured: times are compared as instants, distances as whole metres, and Parse Server is asked in \
its own dialect.

`make performance` runs all of it and writes this page. `make bench NAME=serving QUICK=1` is a first look.

The check-ins below and the breaches found among open clocks were measured before a check-in was judged by clocks, \
travel and repeats, and before a notice looked at preferences and storms. Both ask the database more now; their \
figures are better than today's until they are measured again.

![CPU seconds of each server by operation, in memory and with the database](performance.svg)

- **CPU** is user and system time of the server process with its threads, from the kernel's clock of the process. The \
database is another process and not counted, in no row.
- **In memory**, a dict server stands behind the driver's door in each process (`benchmarks/memory.py`, \
`benchmarks/peers/node/memory.mjs`): what is left is the cost of the server itself. Parse Server has no such door.
- **With the database**, all use one database server. Requests a second say more about that database than about the \
servers.
- Rounds are interleaved and each begins with another server; ratios are medians of the rounds' ratios. Node servers \
are warmed with 1,000 requests of each operation, Python servers with 50 to 100. 16 connections, one process each, no \
compression asked for."""

BEFORE_DUTIES = """## What each server does

Each is set up as its documentation shows, with batch loaders where it has them. Two are written by hand as limits, \
without GraphQL. The Starlette one has our duties: it is what a team could write for exactly these four operations. \
What a server does less than ours makes it look better here, never worse."""

AFTER_DUTIES = """- Person and session are looked up by two reads of each request in *Starlette by hand*; *token only* \
shows what that costs.
- Parse Server keeps records in its own format in a database of its own, and its check-in is cloud code. It runs with \
the master key behind the token check, so its own access lists cost nothing. Its transactions fail when their writes \
race (code 251, which this version no longer tries again), so its three writes go without one, which costs less.
- *Fieldbeat, PyMongo* is the same program with `MONGODB_DRIVER=pymongo`. Motor, the default, takes each call into a \
thread and back; where many are under way at once the threads wait for one another.
- *Fieldbeat, not compiled* is the path on graphql-core that operations take when they are seen for the first time or \
cannot be compiled (`COMPILED=0`)."""
