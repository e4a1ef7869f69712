"""What the operator reads when everything is up: addresses, demo logins, a request to try."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from rich.console import Console

from wiring.settings import Settings

DEMO_FILE = "demo.json"
"""Written into DATA by the seed: {"logins": [{"role", "email", "password"}], "example": {"query", "variables"}}."""


def local_host(host: str) -> str:
    """The address by which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def print_banner(settings: Settings, demo: bool, console: Console) -> None:
    """Prints it; the logins and the example come from the demo's file where there is a demo."""
    host = local_host(settings.host)
    place = f"{f'[{host}]' if ':' in host else host}:{settings.port}"
    facts = _demo_facts(settings.data / DEMO_FILE) if demo else {}
    lines = [
        "",
        "Fieldbeat is running. Ctrl-C stops it.",
        *([f"  console   http://{place}/   (for managers and directors)"] if settings.console else []),
        f"  GraphQL   http://{place}/graphql" + ("   (GraphiQL in a browser)" if settings.graphiql else ""),
        f"  live      ws://{place}/graphql   (graphql-transport-ws)",
        f"  health    http://{place}/healthz  http://{place}/readyz",
        f"  data      {settings.data}",
    ]
    logins = facts.get("logins", [])
    width = max((len(login["email"]) for login in logins), default=0)
    for number, login in enumerate(logins):
        title = "logins" if number == 0 else ""
        lines.append(f"  {title:<9} {login['email']:<{width}}  {login['password']}  ({login['role'].lower()})")
    body = json.dumps(facts.get("example", {"query": "{ __typename }"}), ensure_ascii=False)
    lines.append(
        f"  try it    curl -sS http://{place}/graphql -H 'content-type: application/json' -d {shlex.quote(body)}"
    )
    console.print("\n".join(lines) + "\n", markup=False, highlight=False, soft_wrap=True)


def _demo_facts(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return facts
