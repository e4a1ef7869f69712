"""Questions from the field in the schema: asking, topics, and searches that found nothing."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain.access import Capability
from domain.questions import TopicState
from domain.refusals import Refusal
from resolvers.questions import Asking, answer_topic, ask_question
from schema.articles import Article
from schema.fields import Info, mutates, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.leads import Lead
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.people import Person
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState
from schema.scalars import described_enum
from schema.visits import Visit
from storage.driver import Document

described_enum(
    TopicState,
    "Where the questions of one subject stand.",
    OPEN="Nobody wrote about it yet, or what was written is out of use.",
    DRAFTED="It was asked three times, or three times again: a draft waits for those who write articles.",
    ANSWERED="An article answers it.",
)


@strawberry.type(description="Questions of one subject.")
class QuestionTopic(Node):
    text: str = stored("text", "The first of the questions.")
    count: int = stored("count", "How often it was asked.")
    state: TopicState = stored("state", "Where it stands.")
    first_asked_at: datetime = stored("first_asked_at", "When it was first asked.")
    last_asked_at: datetime = stored("last_asked_at", "When it was last asked.")
    article: Article | None = related(
        "articles", "The draft or answer; drafts are seen by those who write articles only.", key="article_id"
    )
    questions: list[Annotated["Question", strawberry.lazy("schema.questions")]] = related_list(
        "questions", "Who asked, newest first, as far as you may see them.", on="topic_id", order="-_id"
    )


@strawberry.type(description="What somebody asked. Seen by them and the managers above.")
class Question(Node):
    text: str = stored("text", "As it was written.")
    asked_at: datetime = stored("asked_at", "When it was asked.")
    asked_by: Person | None = related("people", "Who asked.", key="owner_id")
    topic: QuestionTopic | None = related("question_topics", "What others asked with it.", key="topic_id")
    lead: Lead | None = related("leads", "The lead it was asked about.", key="lead_id")
    visit: Visit | None = related("visits", "The visit it was asked in.", key="visit_id")


@strawberry.type(description="Words that were searched for and found no article.")
class UnansweredSearch:
    text: str = stored("text", "What was searched for.")
    count: int = stored("count", "How often.")
    first_at: datetime = stored("first_at", "When first.")
    last_at: datetime = stored("last_at", "When last; forgotten half a year later.")


@strawberry.input(description="A question from the field.")
class AskQuestionInput:
    text: str = strawberry.field(description="1 to 300 characters.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made on the device: qst_ + ULID or UUID.")
    lead_id: strawberry.ID | None = strawberry.field(default=None, description="The lead you ask about.")
    visit_id: strawberry.ID | None = strawberry.field(default=None, description="The visit you are in.")


@strawberry.type
class QuestionQuery:
    @returns(Connection[QuestionTopic] | None, "What your organization asks, most often asked first.")
    async def question_topics(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        state: Annotated[TopicState | None, strawberry.argument(description="Only in this state.")] = None,
    ) -> Document:
        where = {} if state is None else {"state": state.value}
        request = page_request(first, after, "-count")
        page = await info.context.reads.page("question_topics", where, request, wanted(info, "QuestionTopic"))
        return as_connection(page)

    @returns(
        Connection[UnansweredSearch] | None,
        "Searches that found nothing, most frequent first. For those who write articles.",
    )
    async def unanswered_searches(self, info: Info, first: First = 20, after: After = None) -> Document:
        info.context.require(Capability.EDIT_ARTICLES)
        request = page_request(first, after, "-count")
        page = await info.context.reads.page("unanswered_searches", {}, request, wanted(info, "UnansweredSearch"))
        return as_connection(page)


@strawberry.type
class QuestionMutation:
    @mutates(
        "askQuestion",
        "Asks what no article answers. Questions alike come together; the third of a kind becomes a draft article.",
        Question,
        *COMMON,
        IdTaken,
        VersionConflict,
    )
    async def ask_question(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[AskQuestionInput, strawberry.argument(description="The question.")],  # noqa: A002
    ) -> Document | Refusal:
        return await ask_question(info.context, client_key, Asking(**given(input)))

    @mutates(
        "answerQuestionTopic",
        "Says which published article answers a topic. For those who write articles.",
        QuestionTopic,
        *COMMON,
        VersionConflict,
        WrongState,
    )
    async def answer_question_topic(
        self,
        info: Info,
        client_key: ClientKey,
        id: Annotated[strawberry.ID, strawberry.argument(description="Which topic.")],  # noqa: A002
        article_id: Annotated[strawberry.ID, strawberry.argument(description="The article that answers it.")],
    ) -> Document | Refusal:
        return await answer_topic(info.context, client_key, id, article_id)
