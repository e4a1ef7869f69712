"""Standard actions in the schema: what a lead's tier and stage ask for, and completing it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain import standard_actions as domain
from domain.access import Actor
from domain.accounts import Tier
from domain.standard_actions import ActionState, state_of
from schema.fields import computed, related, stored
from schema.refusals import shown
from schema.scalars import described_enum

if TYPE_CHECKING:
    from schema.people import Person

described_enum(
    ActionState,
    "Where a standard action stands.",
    OPEN="To be done, with time left.",
    OVERDUE="To be done, past its time.",
    DONE="Done, with evidence; however late.",
)
UnknownAction = shown(domain.UnknownAction, key="The key that was given.", known="The keys of what is still to do.")


def in_own_words(name_en: str, name_zh: str, *, actor: Actor) -> str:
    """The words in the caller's language."""
    return name_zh if actor.locale.startswith("zh") else name_en


@strawberry.type(description="One thing that the procedure asks to be done about a lead.")
class StandardAction:
    key: str = stored("key", "Its key, unique on the lead; pass it to `completeAction`.")
    name: str = computed(in_own_words, "What to do, in your language.", needs=("name_en", "name_zh"))
    tier: Tier = stored("tier", "The tier that asks for it.")
    stage: str = stored("stage", "Key of the stage that asks for it.")
    required: bool = stored("required", "Whether a gate may wait for it.")
    state: ActionState = computed(state_of, "Where it stands.", needs=("due_at", "done_at"))
    due_at: datetime = stored("due_at", "Until when it is to be done.")
    done_at: datetime | None = stored("done_at", "When it was done.")
    done_by: Annotated["Person", strawberry.lazy("schema.people")] | None = related(
        "people", "Who did it; null where you may not see them.", key="done_by_id"
    )
    evidence_id: strawberry.ID | None = stored("evidence_id", "The file, activity or visit that proves it.")
    note: str | None = stored("note", "What whoever did it wrote.")
