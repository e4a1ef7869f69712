"""Behaviour norms in the schema: the rules, what was done of them in visits, and what is left today."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import norms as domain
from domain.norm_entries import InsightTopic, NormKind, Said
from domain.norms import NormMode
from domain.refusals import InvalidInput, Refusal
from resolvers.norm_entries import record_entry
from resolvers.norms import behaviour_norms, norms_today, save_behaviour_norms
from schema.fields import Info, computed, mutates, related, returns, stored
from schema.inputs import given
from schema.nodes import Node
from schema.paging import ClientKey
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from schema.standard_actions import in_own_words
from storage.driver import Document

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.people import Person
    from schema.visits import Visit

MAX_AT_ONCE = 20
described_enum(
    NormMode,
    "How strictly the norms are kept.",
    OFF="Not at all: nobody is reminded or flagged.",
    SOFT="Who falls short is reminded, then flagged at the end of the week.",
    HARD="As SOFT, and a visit does not end before the required items are done.",
)
described_enum(
    NormKind,
    "What an entry is.",
    MUST_DO="An item of the day that was done.",
    INSIGHT="Something learnt about a customer.",
)
described_enum(
    InsightTopic,
    "What an insight is about.",
    NEED="What the customer needs.",
    COMPETITOR="What a competitor does there.",
    PRICE="Prices and conditions.",
    SUPPLY="Stock, delivery, quality.",
    ORGANIZATION="Who decides, and changes of people.",
    OTHER="Anything else.",
)
MustDoRequired = shown(
    domain.MustDoRequired,
    visit_id="The visit that stays open.",
    missing="Keys of the required items that were not done today.",
    insights_missing="How many insights of the week are missing.",
)


@strawberry.type(description="Something that is to be done in the visits of each day.")
class MustDo:
    key: str = stored("key", "Its key.")
    name: str = computed(in_own_words, "What to do, in your language.", needs=("name_en", "name_zh"))
    name_en: str = stored("name_en", "What to do, in English.")
    name_zh: str = stored("name_zh", "What to do, in Chinese.")
    required: bool = stored("required", "Whether no visit of a day ends before it was done that day, in HARD mode.")


@strawberry.type(description="What your organization expects of visits.")
class BehaviourNorms:
    version: int = stored("version", "Grows by one with each change; 0 for those every organization begins with.")
    items: list[MustDo] = stored("items", "What is to be done.", default=())
    items_a_day: int = stored("items_a_day", "How many different items make a day compliant.")
    insights_a_week: int = stored("insights_a_week", "How many customer insights a week wants.")
    mode: NormMode = stored("mode", "How strictly they are kept.")
    reminder_day: int = stored(
        "reminder_day", "Weekday of the reminder, 1 (Monday) to 7; from it on HARD mode asks for the insights."
    )
    reminder_hour: int = stored("reminder_hour", "Local hour of the reminder, 0 to 23.")
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.type(description="A must-do item that was done, or a customer insight, in a visit.")
class NormEntry(Node):
    kind: NormKind = stored("kind", "Which of the two.")
    key: str = stored("key", "Key of the item, or the topic of the insight.")
    text: str | None = stored("text", "The insight, or a note.")
    occurred_at: datetime = stored("occurred_at", "When it was done or learnt.")
    recorded_at: datetime = stored("recorded_at", "When the server was told.")
    date: str = stored("day", "The rep's work day it counts for, YYYY-MM-DD.")
    week: str = stored("week", "The week it counts for, such as 2026-W48.")
    rep_id: strawberry.ID = stored("owner_id", "Who did it.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Who.", key="owner_id")
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit it was done in.", key="visit_id"
    )
    account: Annotated["Account", strawberry.lazy("schema.accounts")] | None = related(
        "accounts", "The customer.", key="account_id"
    )


@strawberry.type(description="An item of the day and whether you have done it today.")
class MustDoToday(MustDo):
    done_at: datetime | None = stored("done_at", "When it was first done today; null: still to do.")
    entry_id: strawberry.ID | None = stored("entry_id", "The entry that says so.")


@strawberry.type(description="What you have done of the norms today and this week.")
class NormsToday:
    date: str = stored("date", "Your work day, YYYY-MM-DD.")
    week: str = stored("week", "Its week, such as 2026-W48.")
    mode: NormMode = stored("mode", "How strictly the norms are kept.")
    items: list[MustDoToday] = stored("items", "The items of the day.")
    items_done: int = stored("items_done", "How many of them are done.")
    items_a_day: int = stored("items_a_day", "How many make the day compliant.")
    insights_gained: int = stored("insights_gained", "Different insights of this week.")
    insights_a_week: int = stored("insights_a_week", "How many the week wants.")


@strawberry.input(description="A must-do item.")
class MustDoRuleInput:
    key: str = strawberry.field(description="1 to 40 letters, digits, _ or -, unique.")
    name_en: str = strawberry.field(description="What to do, in English, 1 to 120 characters.")
    name_zh: str = strawberry.field(description="What to do, in Chinese, 1 to 120 characters.")
    required: bool = strawberry.field(
        default=False, description="Whether no visit of a day ends before it was done that day, in HARD mode."
    )


@strawberry.input(description="All norms; they replace the ones before.")
class BehaviourNormsInput:
    items: list[MustDoRuleInput] = strawberry.field(description="20 at the most, in the order they are shown.")
    items_a_day: int = strawberry.field(description="How many make a day compliant; not more than there are.")
    insights_a_week: int = strawberry.field(description="0 to 50.")
    mode: NormMode = strawberry.field(description="How strictly they are kept.")
    reminder_day: int = strawberry.field(default=5, description="1 (Monday) to 7.")
    reminder_hour: int = strawberry.field(default=15, description="0 to 23, where the rep is.")


@strawberry.input(description="An item of the day that was done.")
class MustDoInput:
    key: str = strawberry.field(description="Key of the item.")
    note: str | None = strawberry.field(default=None, description="Free text, 2000 characters at the most.")


@strawberry.input(description="Something learnt about the customer.")
class InsightInput:
    topic: InsightTopic = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="10 to 2000 characters; the same words again do not count.")


def said_in(must_dos: Sequence[MustDoInput], insights: Sequence[InsightInput]) -> tuple[Said, ...] | InvalidInput:
    """What comes with a check-out."""
    for field, sent in (("mustDos", must_dos), ("insights", insights)):
        if len(sent) > MAX_AT_ONCE:
            return InvalidInput(field, f"must be at most {MAX_AT_ONCE}")
    done = (Said(NormKind.MUST_DO, each.key, each.note) for each in must_dos)
    return (*done, *(Said(NormKind.INSIGHT, each.topic.value, each.text) for each in insights))


VisitId = Annotated[strawberry.ID, strawberry.argument(description="Your visit, open or ended.")]
CapturedAt = Annotated[datetime, strawberry.argument(description="When, within the visit; may arrive up to 72 h late.")]
EntryId = Annotated[strawberry.ID | None, strawberry.argument(description="Made on the device: nrm_ + ULID or UUID.")]


@strawberry.type
class NormQuery:
    @returns(BehaviourNorms | None, "What your organization expects of visits.")
    async def behaviour_norms(self, info: Info) -> Document:
        return await behaviour_norms(info.context)

    @returns(NormsToday | None, "What you have done of the norms today and this week, and what is left.")
    async def norms_today(self, info: Info) -> Document:
        return await norms_today(info.context)


@strawberry.type
class NormMutation:
    @mutates(
        "saveBehaviourNorms",
        "Replaces the behaviour norms. For administrators.",
        BehaviourNorms,
        *COMMON,
        VersionConflict,
    )
    async def save_behaviour_norms(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[BehaviourNormsInput, strawberry.argument(description="The norms.")],  # noqa: A002
        expected_version: Annotated[
            int, strawberry.argument(description="The version that is replaced, 0 for none. Else VersionConflict.")
        ],
    ) -> Document | Refusal:
        return await save_behaviour_norms(info.context, client_key, given(input), expected_version)

    @mutates(
        "recordMustDo",
        "Says that an item of the day was done in a visit of yours; `checkOut` takes them too.",
        NormEntry,
        *COMMON,
        IdTaken,
        WrongState,
    )
    async def record_must_do(
        self,
        info: Info,
        client_key: ClientKey,
        visit_id: VisitId,
        key: Annotated[str, strawberry.argument(description="Key of the item.")],
        captured_at: CapturedAt,
        note: Annotated[str | None, strawberry.argument(description="Free text, 2000 characters at the most.")] = None,
        id: EntryId = None,  # noqa: A002
    ) -> Document | Refusal:
        said = Said(NormKind.MUST_DO, key, note, id)
        return await record_entry(info.context, client_key, visit_id, said, captured_at)

    @mutates(
        "recordInsight",
        "Writes down what was learnt about the customer of a visit of yours; `checkOut` takes insights too.",
        NormEntry,
        *COMMON,
        IdTaken,
        WrongState,
    )
    async def record_insight(
        self,
        info: Info,
        client_key: ClientKey,
        visit_id: VisitId,
        topic: Annotated[InsightTopic, strawberry.argument(description="What it is about.")],
        text: Annotated[
            str, strawberry.argument(description="10 to 2000 characters; the same words again do not count.")
        ],
        captured_at: CapturedAt,
        id: EntryId = None,  # noqa: A002
    ) -> Document | Refusal:
        said = Said(NormKind.INSIGHT, topic.value, text, id)
        return await record_entry(info.context, client_key, visit_id, said, captured_at)
