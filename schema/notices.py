"""The inbox in the schema: the notice type, queries and marks."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.access import Actor
from domain.notices import NoticeKind
from domain.refusals import Refusal
from push.messages import link_to, words
from resolvers.notices import (
    acknowledge_notice,
    mark_read,
    mark_seen,
    opened,
    received,
    unread_count,
    watch_inbox,
)
from schema.fields import Info, computed, mutates, related, returns, stored, streams, wanted
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.priorities import Priority
from schema.refusals import COMMON
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.articles import Article
    from schema.leads import Lead
    from schema.people import Person
    from schema.visits import Visit

described_enum(
    NoticeKind,
    "What a notice is about.",
    SLA_REMINDER="A promise on a lead of yours falls due soon.",
    SLA_BREACHED="A promise on a lead is broken.",
    SLA_ESCALATED="A promise on a lead in your teams is broken and still open.",
    SLA_REASSIGN_PROPOSED="A promise has been broken for long: give the lead to somebody else?",
    SLA_WITHDRAWN="A breach you were told about was none.",
    CARE_TASK="A customer has not answered the survey: whoever acknowledges it in customer success gets in touch.",
    LEAD_ASSIGNED="You got a lead.",
    LEADS_HANDED_OVER="The open leads and visits of somebody who left become yours.",
    LEAD_UNTOUCHED="A lead of yours goes back to the pool soon, unless something is done about it.",
    LEAD_RETURNED="A lead you had is in the pool again.",
    VISIT_MISSED="A planned visit was not made.",
    VISIT_RESCHEDULED="A visit moved.",
    VISIT_CANCELLED="A visit does not take place.",
    PLAN_PUBLISHED="Your route for a day is published.",
    BEAT_PLAN_PUBLISHED="Your visits of the coming weeks are planned.",
    NORMS_REMINDER="Items or insights of this week's norms are still missing; see `normsToday`.",
    NORMS_MISSED="You did not keep the norms of a week; see `behaviourCompliance`.",
    COACHING="Several conversations in a row left out what a coaching rule expects: an article that helps.",
    ARTICLE_TO_REVIEW="Somebody in your teams handed in a text for review; see `articlesInReview`.",
    ARTICLE_RETURNED="A text you wrote at was given back; its `review` says why.",
    ARTICLE_APPROVED="A text you wrote at was approved: readers see it.",
    QUESTION_ANSWERED="An article answers what you asked with `askQuestion`.",
    THRESHOLD_CROSSED="A figure of a report crossed a threshold; see `alerts`.",
    NORMS_MISSED_IN_TEAM="Reps of yours did not keep the norms of a week; see `behaviourCompliance`.",
    SLA_INCIDENT="Very many promises of one kind broke below you within minutes.",
    RECIPIENT_UNREACHABLE="Somebody below you could not be told of a promise on a lead: nothing reaches them.",
    DIGEST="A push about several notices at once; the inbox lists those instead.",
)


def _title(kind: str, facts: Mapping[str, str] | None, *, actor: Actor) -> str:
    return words(NoticeKind(kind), facts or {}, actor.locale).title


def _body(kind: str, facts: Mapping[str, str] | None, *, actor: Actor) -> str:
    return words(NoticeKind(kind), facts or {}, actor.locale).body


@strawberry.type(description="Something you were told. Only the recipient sees it. Marks are set once and stay.")
class Notice(Node):
    kind: NoticeKind = stored("kind", "What it is about.")
    priority: Priority = stored("priority", "How urgent it is.")
    title: str = computed(_title, "One line in your language.", needs=("kind", "facts"))
    body: str = computed(_body, "One or two sentences in your language.", needs=("kind", "facts"))
    deep_link: str = computed(
        link_to, "What a tap opens, in the app's own URL scheme.", needs=("_id", "lead_id", "visit_id", "article_id")
    )
    clock_id: strawberry.ID | None = stored("clock_id", "The promise on a lead it is about: an `SlaClock`'s id.")
    lead: Annotated["Lead", strawberry.lazy("schema.leads")] | None = related(
        "leads", "The lead it is about; null where you may not see it.", key="lead_id"
    )
    visit: Annotated["Visit", strawberry.lazy("schema.visits")] | None = related(
        "visits", "The visit it is about; null where you may not see it.", key="visit_id"
    )
    article: Annotated["Article", strawberry.lazy("schema.articles")] | None = related(
        "articles", "The article it is about; null where you may not see it.", key="article_id"
    )
    created_at: datetime = stored("created_at", "When it was written.")
    seen_at: datetime | None = stored("seen_at", "When it was first on your screen.")
    read_at: datetime | None = stored("read_at", "When you first opened it; unread before.")
    acknowledged_at: datetime | None = stored("acknowledged_at", "When you took it on; reading is less than that.")
    resolved_at: datetime | None = stored("resolved_at", "When its cause ended, whoever ended it.")
    taken_on_at: datetime | None = stored(
        "taken_at",
        "When somebody else who was told acknowledged it first: nothing is sent to you for it then.",
    )
    taken_on_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who that was; null where you may not see them.", key="taken_by_id"
    )


@strawberry.type(description="Notices that carry the mark now.")
class MarkedNotices:
    ids: list[strawberry.ID] = stored("ids", "Those of the ids that are in your inbox, in the order given.")


@strawberry.type(description="Messages known to have arrived.")
class ReceivedMessages:
    keys: list[strawberry.ID] = stored("keys", "Those of the keys that were sent to you, in the order given.")


@strawberry.type(description="Messages known to have been tapped.")
class OpenedMessages:
    keys: list[strawberry.ID] = stored("keys", "Those of the keys that were sent to you, in the order given.")


@strawberry.type(description="What happened to your inbox since the event before.")
class InboxChange:
    notices: list[Notice] = stored("notices", "New notices, oldest first; empty in the first event.")
    unread_count: int = stored("unread_count", "How many you have not read, for the badge; 100 means 100 or more.")
    may_have_missed: bool = stored(
        "may_have_missed", "Whether something may have been added unseen: read the first page of `notices` again."
    )


@strawberry.input(description="Which notices; conditions that are absent do not restrict.")
class NoticeFilter:
    unread: bool | None = strawberry.field(default=None, description="Only unread ones, or only read ones.")
    kind: NoticeKind | None = strawberry.field(default=None, description="Only of this kind.")


DeliveryKeys = Annotated[
    list[strawberry.ID], strawberry.argument(description="1 to 100 values of `msg_key` in the messages' data.")
]
NoticeIds = Annotated[list[strawberry.ID], strawberry.argument(description="1 to 100 notices.")]


def notice_conditions(wanted: NoticeFilter | None) -> Document:
    """The filter in stored paths. What a digest holds is in the inbox by itself."""
    conditions: Document = {"kind": {"$ne": NoticeKind.DIGEST.value}}
    if wanted is not None and wanted.unread is not None:
        conditions["read_at"] = None if wanted.unread else {"$ne": None}
    if wanted is not None and wanted.kind is not None:
        conditions["kind"] = wanted.kind.value
    return conditions


@strawberry.type
class NoticeQuery:
    @returns(Connection[Notice] | None, "Your inbox, newest first. Nobody else sees it.")
    async def notices(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[NoticeFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, "-created_at")
        shown = wanted(info, "Notice")
        return as_connection(await info.context.reads.page("notices", notice_conditions(filter), request, shown))

    @returns(int | None, "How many notices you have not read, for the badge; 100 means 100 or more.")
    async def unread_count(self, info: Info) -> int:
        return await unread_count(info.context)


@strawberry.type
class NoticeMutation:
    @mutates("markSeen", "Says which notices were on the screen.", MarkedNotices, *COMMON)
    async def mark_seen(self, info: Info, client_key: ClientKey, ids: NoticeIds) -> Document | Refusal:
        return await mark_seen(info.context, client_key, ids)

    @mutates("markRead", "Says which notices were opened, and so seen.", MarkedNotices, *COMMON)
    async def mark_read(self, info: Info, client_key: ClientKey, ids: NoticeIds) -> Document | Refusal:
        return await mark_read(info.context, client_key, ids)

    @mutates(
        "acknowledgeNotice",
        "Takes a notice on: nothing more is sent for it, not to others who were told the same either, and the later "
        "steps of its clock's cycle stay silent. The first time counts.",
        Notice,
        *COMMON,
    )
    async def acknowledge_notice(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which notice.")],  # noqa: A002
    ) -> Document | Refusal:
        return await acknowledge_notice(info.context, client_key, id)

    @mutates("received", "Says which push messages arrived; report them in batches.", ReceivedMessages, *COMMON)
    async def received(self, info: Info, client_key: ClientKey, delivery_keys: DeliveryKeys) -> Document | Refusal:
        return await received(info.context, client_key, delivery_keys)

    @mutates("opened", "Says which push messages were tapped: their notices are read.", OpenedMessages, *COMMON)
    async def opened(self, info: Info, client_key: ClientKey, delivery_keys: DeliveryKeys) -> Document | Refusal:
        return await opened(info.context, client_key, delivery_keys)


@strawberry.type
class NoticeSubscription:
    @streams(
        InboxChange,
        "Your inbox while it changes: first the unread count, then new notices, and the count after each change, also "
        "one made on another device. After an error subscribe again and read `notices`.",
    )
    async def notice_added(self, info: Info) -> AsyncIterator[Document]:
        async for change in watch_inbox(info.context):
            yield change
