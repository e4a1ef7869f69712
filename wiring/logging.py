"""Structured logs of every process, ours and the libraries', as lines for people or JSON; entry points call it once.

Work that belongs to one request binds its id with `structlog.contextvars.bind_contextvars`.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor

from wiring.settings import Settings

_TALKATIVE = ("httpx", "httpcore", "pymongo", "google", "urllib3", "hpack", "asyncio")


def configure_logging(settings: Settings, process: str) -> None:
    """Sends everything to stderr; `process` (`api`, `workers`, ...) is part of each entry."""
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        stamp,
    ]
    if settings.log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer: Processor = structlog.processors.JSONRenderer(default=str)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # the prettier ones print local variables, with secrets
        )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            lambda _logger, _method, entry: {**entry, "process": process},
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level)
    for name in _TALKATIVE:  # their INFO lines repeat what we log, and may hold tokens
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
