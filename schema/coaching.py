"""Coaching rules in the schema: which article helps whoever leaves something out several times in a row."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.activities import ActivityKind
from domain.refusals import Refusal
from resolvers.coaching import change_coaching_rules, coaching_rules
from schema.articles import Article
from schema.fields import Info, computed, mutates, related, returns, stored
from schema.inputs import given
from schema.paging import ClientKey
from schema.refusals import COMMON, VersionConflict, WrongState
from schema.standard_actions import in_own_words
from storage.driver import Document


@strawberry.type(description="What activities of a kind should cover, and the article for whoever leaves it out.")
class CoachingRule:
    key: str = stored("key", "Its key.")
    name: str = computed(in_own_words, "What it is about, in your language.", needs=("name_en", "name_zh"))
    name_en: str = stored("name_en", "What it is about, in English.")
    name_zh: str = stored("name_zh", "What it is about, in Chinese.")
    kind: ActivityKind = stored("kind", "The activities it looks at.")
    stage: str | None = stored("stage", "Only with leads in this stage; null: in any.")
    expects: str = stored("expects", "What should be among an activity's `covered`.")
    misses: int = stored("misses", "So many in a row without it lead to one notice; one that covers it begins anew.")
    article: Article | None = related("articles", "The article.", key="article_id")


@strawberry.type(description="The coaching rules of your organization.")
class CoachingRules:
    version: int = stored("version", "Grows by one with each change, 0 before the first; pass it as `expectedVersion`.")
    rules: list[CoachingRule] = stored("rules", "The rules.", default=())
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.input(description="A coaching rule.")
class CoachingRuleInput:
    key: str = strawberry.field(description="1 to 40 letters, digits, _ or -; unique.")
    name_en: str = strawberry.field(description="What it is about, in English, 1 to 120 characters.")
    name_zh: str = strawberry.field(description="What it is about, in Chinese, 1 to 120 characters.")
    kind: ActivityKind = strawberry.field(description="The activities it looks at; automatic ones never count.")
    expects: str = strawberry.field(description="Key of what should be covered, such as PAIN_QUESTION.")
    misses: int = strawberry.field(description="1 to 20.")
    article_id: strawberry.ID = strawberry.field(description="A published article.")
    stage: str | None = strawberry.field(default=None, description="Only with leads in this stage.")


@strawberry.type
class CoachingQuery:
    @returns(CoachingRules | None, "The coaching rules of your organization.")
    async def coaching_rules(self, info: Info) -> Document:
        return await coaching_rules(info.context)


@strawberry.type
class CoachingMutation:
    @mutates(
        "saveCoachingRules",
        "Replaces the coaching rules; they look at activities logged from then on. For administrators.",
        CoachingRules,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def save_coaching_rules(
        self,
        info: Info,
        client_key: ClientKey,
        rules: Annotated[list[CoachingRuleInput], strawberry.argument(description="50 at the most.")],
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await change_coaching_rules(info.context, client_key, [given(each) for each in rules], expected_version)
