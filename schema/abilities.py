"""Ability profiles in the schema: scores by week, each with the records that count for and against it."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.abilities import Ability
from resolvers.abilities import ability_profile, ability_profiles
from schema.fields import Info, related, returns, stored
from schema.paging import After, Connection, First, as_connection, page_request
from schema.scalars import described_enum
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    Ability,
    "What is measured.",
    PRESENCE="Of the visits that took place, those whose presence is proved.",
    PLANNING="Of the planned visits whose time is over, those that were made; cancelled and moved ones do not count.",
    OUTCOMES="Of the verified visits but for mere service, those that brought an order or a step forward.",
    PROMISES="Of the SLA promises kept or broken in the rep's hands, those that were kept.",
    NORMS="Of the work days, those with all must-do items done.",
    INSIGHTS="Of the customer insights asked for, those gained.",
)


@strawberry.type(description="One thing that was counted.")
class AbilityEvidence:
    date: str = stored("date", "The rep's work day, YYYY-MM-DD; for insights the last day of the week.")
    in_favour: bool = stored("in_favour", "Whether it raises the score.")
    record_ids: list[strawberry.ID] = stored(
        "record_ids", "The visit, SLA clock or norm entries; see `node`. Empty where nothing was done.", default=()
    )


@strawberry.type(description="One ability in one week.")
class AbilityScore:
    ability: Ability = stored("ability", "Which one.")
    score: float | None = stored("score", "`reached` of `counted` in percent, to one digit; null where nothing counts.")
    reached: int = stored("reached", "How many count in favour.")
    counted: int = stored("counted", "How many count.")
    evidence: list[AbilityEvidence] = stored("evidence", "All that was counted, by date.", default=())


@strawberry.type(description="The abilities of a rep in one week.")
class AbilityWeek:
    week: str = stored("week", "Such as 2026-W48.")
    score: float | None = stored("score", "Mean of the scores there are; null where nothing counts.")
    scores: list[AbilityScore] = stored("scores", "One for each ability.", default=())
    mean_dwell_seconds: float | None = stored(
        "mean_dwell_s", "Mean proved stay of the verified visits; those that ended with the shift are left out."
    )


@strawberry.type(description="How a rep works, counted anew from events each time it is asked for.")
class AbilityProfile:
    person_id: strawberry.ID = stored("person_id", "Who.")
    person: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Who.", key="person_id")
    weeks: list[AbilityWeek] = stored("weeks", "Newest first.", default=())


Week = Annotated[
    str | None, strawberry.argument(description="The latest, such as 2026-W48; absent: that of your work day.")
]
Weeks = Annotated[int, strawberry.argument(description="How many weeks back, 1 to 12.")]


@strawberry.type
class AbilityQuery:
    @returns(
        AbilityProfile | None,
        "Somebody's abilities by week, judged by the norms of today; null where you may not see how they work. Reps "
        "see their own.",
    )
    async def ability_profile(
        self,
        info: Info,
        person_id: Annotated[strawberry.ID | None, strawberry.argument(description="Whose; yours if absent.")] = None,
        week: Week = None,
        weeks: Weeks = 1,
    ) -> Document | None:
        return await ability_profile(info.context, person_id, week, weeks)

    @returns(
        Connection[AbilityProfile] | None, "The abilities of the reps you may see, by name; a rep finds themselves."
    )
    async def ability_profiles(
        self, info: Info, week: Week = None, weeks: Weeks = 1, first: First = 20, after: After = None
    ) -> Document:
        return as_connection(await ability_profiles(info.context, page_request(first, after), week, weeks))
