"""Fetches the relations of one run level by level: one read for each collection, key and level, side by side."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from graphql.execution.values import VariableValues

from execution.declarations import Document, Fetch, Handover, Many, One, projection_of
from execution.selections import Site

T = TypeVar("T")
State = list[Any]
Build = Callable[[Document, State], Any]
Collect = Callable[[Document, State], None]
Start = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class _Place:
    """One relation of the operation with its compiled functions."""

    index: int
    build: Build
    collect: Collect | None


@dataclass(frozen=True, slots=True)
class _OneRead:
    """Single documents of one collection for all places of a level that name them by the same key."""

    collection: str
    on: str
    projection: Mapping[str, int] | None
    places: tuple[_Place, ...]

    def prepare(self, fetch: Fetch, state: State, _: VariableValues) -> Start | None:
        """The read, not begun; None where there is nothing to read any more. Raises Handover."""
        wanted: dict[Any, None] = {}
        for place in self.places:
            wanted.update(dict.fromkeys(state[place.index]))
        keys = list(wanted)
        if any(kind is not str for kind in set(map(type, keys))):
            raise Handover
        known = fetch.known(self.collection, keys, on=self.on) if keys else {}
        if known is not None:
            self.take(known, state)
            return None
        return partial(fetch.by_keys, self.collection, keys, on=self.on, projection=self.projection)

    def take(self, found: Mapping[str, Document], state: State) -> None:
        """Keeps the documents and gathers the keys below them."""
        alone = len(self.places) == 1
        for place in self.places:
            mine = found if alone else {key: found[key] for key in dict.fromkeys(state[place.index]) if key in found}
            state[place.index] = mine
            if place.collect is not None:
                for document in mine.values():
                    place.collect(document, state)

    def build(self, state: State) -> None:
        """Puts answers in the place of documents."""
        for place in self.places:
            build = place.build
            state[place.index] = {key: build(document, state) for key, document in state[place.index].items()}


@dataclass(frozen=True, slots=True)
class _ManyRead:
    """The children of all parents at one place."""

    read: Many
    projection: Mapping[str, int] | None
    place: _Place
    arguments: Any

    def prepare(self, fetch: Fetch, state: State, variables: VariableValues) -> Start | None:
        """The read, not begun; None where there is nothing to read. Raises Handover."""
        parents = list(dict.fromkeys(state[self.place.index]))
        if not parents:
            state[self.place.index] = {}
            return None
        first = (self.arguments(variables) if callable(self.arguments) else self.arguments)["first"]
        if not (type(first) is int and 1 <= first <= self.read.most) or any(type(each) is not str for each in parents):
            raise Handover
        return partial(
            fetch.children,
            self.read.collection,
            parents,
            on=self.read.on,
            first=first,
            order=self.read.order,
            where=dict(self.read.where),
            projection=self.projection,
        )

    def take(self, found: Mapping[str, Sequence[Document]], state: State) -> None:
        """Keeps the documents and gathers the keys below them."""
        state[self.place.index] = found
        collect = self.place.collect
        if collect is not None:
            for documents in found.values():
                for document in documents:
                    collect(document, state)

    def build(self, state: State) -> None:
        """Puts answers in the place of documents."""
        build = self.place.build
        state[self.place.index] = {
            parent: [build(document, state) for document in documents]
            for parent, documents in state[self.place.index].items()
        }


class Levels:
    """The reads of an operation in the order they can be made."""

    def __init__(self, sites: Sequence[Site], functions: Mapping[str, Any]) -> None:
        levels: dict[int, list[Site]] = defaultdict(list)
        for site in sites:
            levels[site.level].append(site)
        self._levels = [_reads(levels[number], functions) for number in sorted(levels)]
        self._places = [site.place for site in sites]

    @property
    def count(self) -> int:
        """How many reads a run makes at the most; it follows from the operation, not from the data."""
        return sum(len(level) for level in self._levels)

    def clear(self, state: State) -> None:
        """Makes room for the keys of a run."""
        for place in self._places:
            state[place] = []

    async def fill(self, fetch: Fetch, state: State, variables: VariableValues) -> None:
        """Fetches what the gathered keys name, then builds answers from the deepest level up."""
        for level in self._levels:
            prepared = [(read, read.prepare(fetch, state, variables)) for read in level]
            wanted = [(read, start) for read, start in prepared if start is not None]
            found = await side_by_side([start() for _, start in wanted]) if wanted else []
            for (read, _), rows in zip(wanted, found, strict=True):
                read.take(rows, state)
        for level in reversed(self._levels):
            for read in level:
                read.build(state)


def _reads(sites: Sequence[Site], functions: Mapping[str, Any]) -> list[_OneRead | _ManyRead]:
    single: dict[tuple[str, str], list[Site]] = defaultdict(list)
    reads: list[_OneRead | _ManyRead] = []
    for site in sites:
        if isinstance(site.read, One):
            single[site.read.collection, site.read.on].append(site)
        else:
            projection = projection_of(site.paths)
            reads.append(_ManyRead(site.read, projection, _place(site, functions), site.arguments))
    for (collection, on), alike in single.items():
        paths = None if any(site.paths is None for site in alike) else set[str]().union(*(s.paths or () for s in alike))
        projection = projection_of(paths)
        reads.append(_OneRead(collection, on, projection, tuple(_place(site, functions) for site in alike)))
    return reads


def _place(site: Site, functions: Mapping[str, Any]) -> _Place:
    return _Place(site.place, functions[site.build], functions[site.collect] if site.collect else None)


async def side_by_side(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order. All are waited for; then the first failure is raised.

    One runs in the caller's own task: most operations have one or two, and a task costs as much as a small read.
    """
    tasks = [asyncio.ensure_future(each) for each in work[1:]]
    results: list[T] = []
    failures: list[Exception] = []
    try:
        for each in (*work[:1], *tasks):
            try:
                results.append(await each)
            except Exception as failure:
                failures.append(failure)
    except BaseException:
        for task in tasks:
            task.cancel()
        raise
    if failures:
        raise failures[0]
    return results
