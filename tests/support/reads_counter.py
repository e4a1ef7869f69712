"""Counts database commands, to show that the number of reads follows from the document and never from the data."""

from __future__ import annotations

from typing import Any

from storage.driver import CommandListener

READS = frozenset({"find", "aggregate", "getMore", "count", "distinct"})


class ReadsCounter(CommandListener):
    """Hand it to the driver, then read `reads`."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def started(self, event: Any) -> None:
        # A change stream is read beside the requests, whatever they ask.
        is_stream = event.command.get("aggregate") == 1 or event.command.get("collection") == "$cmd.aggregate"
        # So are the counters that the search index follows.
        is_beside = is_stream or event.command.get("find") == "article_revs"
        if event.command_name in READS and not is_beside:
            self.reads.append(f"{event.command_name}:{next(iter(event.command.values()))}")

    def succeeded(self, event: Any) -> None:
        """Only what is asked counts."""

    def failed(self, event: Any) -> None:
        """Only what is asked counts."""

    def take(self) -> list[str]:
        """The reads since the last call."""
        taken, self.reads = self.reads, []
        return taken
