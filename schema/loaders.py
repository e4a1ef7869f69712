"""The two batch loaders behind every relation: one document by key, and the first children of many parents.

schema/fields.py asks them wherever nothing was fetched ahead. They hold no cache: a context may outlive one answer.
"""

from collections.abc import Awaitable
from typing import Any

from strawberry.dataloader import DataLoader

from resolvers.context import Context
from storage.driver import Document
from storage.reads import unique


def load_one(context: Context, collection: str, on: str, key: str) -> Awaitable[Document | None]:
    """The document whose `on` is `key`, in scope, batched with its siblings' into one read."""
    kind = ("one", collection, on)
    loader: DataLoader[str, Document | None] | None = context.loaders.get(kind)
    if loader is None:

        async def load(keys: list[str]) -> list[Document | None]:
            found = await context.reads.by_keys(collection, unique(keys), on=on)
            return [found.get(each) for each in keys]

        loader = context.loaders[kind] = DataLoader(load_fn=load, cache=False)
    return loader.load(key)


def load_children(
    context: Context, collection: str, on: str, order: str, first: int, parent: str, where: dict[str, Any]
) -> Awaitable[list[Document]]:
    """The first children of `parent` in `order`, batched for all parents of the level."""
    kind = ("children", collection, on, order, first, tuple(sorted(where.items())))
    loader: DataLoader[str, list[Document]] | None = context.loaders.get(kind)
    if loader is None:

        async def load(parents: list[str]) -> list[list[Document]]:
            found = await context.reads.children(
                collection, unique(parents), on=on, first=first, order=order, where=where
            )
            return [found.get(each, []) for each in parents]

        loader = context.loaders[kind] = DataLoader(load_fn=load, cache=False)
    return loader.load(parent)
