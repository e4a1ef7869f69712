"""Synonyms for the search of articles in the schema."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.refusals import Refusal
from resolvers.synonyms import change_synonyms, synonyms
from schema.fields import Info, mutates, related, returns, stored
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person


@strawberry.type(description="Words that mean the same to those who search articles; one finds the others.")
class SynonymTable:
    groups: list[list[str]] = stored("groups", "Phrases that mean the same, group by group.", default=())
    version: int = stored("version", "Grows by one with each change, 0 before the first; pass it as `expectedVersion`.")
    updated_at: datetime | None = stored("updated_at", "When it last changed.")
    updated_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who changed it; null where you may not see them.", key="updated_by"
    )


@strawberry.type
class SynonymQuery:
    @returns(SynonymTable | None, "Your organization's synonyms; an empty table where there are none.")
    async def synonyms(self, info: Info) -> Document:
        return await synonyms(info.context)


@strawberry.type
class SynonymMutation:
    @mutates(
        "saveSynonyms",
        "Replaces the synonyms; searches know them within seconds. For those who write articles.",
        SynonymTable,
        *COMMON,
        VersionConflict,
    )
    async def save_synonyms(
        self,
        info: Info,
        client_key: ClientKey,
        groups: Annotated[
            list[list[str]],
            strawberry.argument(
                description="500 at the most, each of 2 to 20 phrases of 1 to 60 characters; no phrase in two groups."
            ),
        ],
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await change_synonyms(info.context, client_key, groups, expected_version)
