"""People in the schema: type, roster, queries and mutations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from domain import hand_overs
from domain import people as domain
from domain.access import Actor, Role, Scope
from domain.people import PersonState
from domain.refusals import Refusal
from domain.shifts import WorkTime, written
from resolvers.people import GivenRoster, NewPerson, deactivate_person, invite_person, set_roster, update_person
from schema.attendance import PersonAbsence, absent_now, stands_in_for_now
from schema.fields import Info, Rule, computed, mutates, placed, related, related_list, returns, stored, wanted
from schema.inputs import given
from schema.links import OneTimeLink
from schema.nodes import Node
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.places import Coordinates, CoordinatesInput
from schema.refusals import COMMON, IdTaken, VersionConflict, WrongState, shown
from schema.scalars import described_enum
from storage.driver import Document
from storage.reads import Reads

if TYPE_CHECKING:
    from schema.shifts import Shift
    from schema.teams import Team

described_enum(
    Role,
    "What a person is in the organization.",
    REP="Works in the field; sees what is theirs and their team's customers.",
    MANAGER="Leads a team; sees it and the teams below.",
    DIRECTOR="Leads several teams.",
    ADMIN="Manages people, teams and settings; sees all records but no positions.",
    SUPPORT="Sees all records but no positions, and changes nothing.",
)
described_enum(
    PersonState,
    "Whether a person may sign in and be given work.",
    INVITED="Has a link and has not chosen a password.",
    ACTIVE="May sign in.",
    LEAVING="May not sign in; their open leads, visits and notices are moving to a successor.",
    DEACTIVATED="May not sign in; their records stay.",
)

EmailTaken = shown(domain.EmailTaken, email="The address.")
SuccessorRequired = shown(
    hand_overs.SuccessorRequired,
    field="Path of the value that is missing.",
    person_id="Who has open work.",
    open_leads="How many open leads; 1000 means 1000 or more.",
    planned_visits="How many planned visits; 1000 means 1000 or more.",
    proposed_id="The nearest superior who could take over.",
)
SuccessorNotAvailable = shown(
    hand_overs.SuccessorNotAvailable, field="Path of the value in the input.", person_id="Who cannot take over."
)
LastAdmin = shown(domain.LastAdmin, person_id="Who cannot be spared.")


def sees_start(person_id: str, *, actor: Actor) -> bool:
    """Where somebody starts from is often their home: for themselves and those who lead."""
    return actor.person_id == person_id or actor.role in {Role.MANAGER, Role.DIRECTOR}


def _weekly(weekly: Sequence[Sequence[Mapping[str, int]]]) -> list[str]:
    return [_times(day) for day in weekly]


def _times(times: Sequence[Mapping[str, int]]) -> str:
    return written(tuple(WorkTime(**each) for each in times))


def _exceptions(exceptions: Mapping[str, Sequence[Mapping[str, int]]] | None) -> Any:
    return [{"date": date, "times": _times(times)} for date, times in sorted((exceptions or {}).items())]


@strawberry.type(description="A date that differs from the week.")
class RosterException:
    date: str = stored("date", "The local date, YYYY-MM-DD.")
    times: str = stored("times", "Work times such as `09:00-12:00 13:00-18:00`; empty on a free day.")


@strawberry.type(description="Days on which a person does not work.")
class Absence:
    first: str = stored("first", "The first local date, YYYY-MM-DD.")
    last: str = stored("last", "The last local date, included.")


@strawberry.type(description="When a person is planned to work.")
class Roster:
    zone: str = stored("zone", "The IANA time zone the times are meant in; the person's.")
    weekly: list[str] = computed(
        _weekly,
        "Seven texts, Monday first, such as `09:00-12:00 13:00-18:00` or `22:00-06:00`; empty on a free day.",
        needs=("weekly",),
    )
    exceptions: list[RosterException] = computed(
        _exceptions, "Dates that differ from the week, by date.", needs=("exceptions",)
    )
    absences: list[Absence] = stored("absences", "Leave and sickness; they win over all else.", default=[])


@strawberry.type(description="Somebody who can sign in.")
class Person(Node):
    name: str = stored("name", "Name.")
    email: str = stored("email", "The address they sign in with.")
    role: Role = stored("role", "What they are in the organization.")
    state: PersonState = stored("state", "Whether they may sign in.")
    phone: str | None = stored("phone", "Telephone number.")
    locale: str = stored("locale", "Language of their app and pushes: zh-CN or en.")
    time_zone: str = stored("time_zone", "IANA time zone in which their days begin.")
    external_id: str | None = stored("external_id", "Id in the system they were imported from.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related(
        "teams", "The team they belong to.", key="team_id"
    )
    start_point: Coordinates | None = placed(
        "start_point",
        "Where their day starts; shown to themselves and to managers and directors above.",
        visible=Rule(sees_start, ("_id",)),
    )
    roster: Roster | None = stored("roster", "When they are planned to work; null where nothing is planned.")
    absences: list[PersonAbsence] = stored(
        "absences", "When they are away, by beginning; the roster may hold days of leave beside them.", default=()
    )
    absent: bool = computed(absent_now, "Whether they are away now.", needs=("roster", "absences"))
    stands_in_for_ids: list[strawberry.ID] = computed(
        stands_in_for_now, "For whom they stand in now: absent or leaving people.", needs=("covers",)
    )
    successor_id: strawberry.ID | None = stored("successor_id", "Who got what was theirs when they left.")
    erased_at: datetime | None = stored("erased_at", "Since when nothing says who this was.")
    shifts: list[Annotated["Shift", strawberry.lazy("schema.shifts")]] = related_list(
        "shifts", "Their actual shifts, last started first.", on="owner_id", order="-started_at"
    )
    version: int = stored("version", "Grows by one with each change; pass it as `expectedVersion`.")
    created_at: datetime = stored("created_at", "When they were invited.")
    updated_at: datetime = stored("updated_at", "When something of this last changed.")


@strawberry.enum(description="Order of a list of people.")
class PersonOrder(Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    NEWEST = strawberry.enum_value("-_id", description="Newest first.")


@strawberry.input(description="Which people; conditions that are absent do not restrict.")
class PersonFilter:
    team_id: strawberry.ID | None = strawberry.field(default=None, description="Only of this team, not of those below.")
    role: Role | None = strawberry.field(default=None, description="Only with this role.")
    state: PersonState | None = strawberry.field(default=None, description="Only in this state.")


@strawberry.input(description="Somebody new.")
class InvitePersonInput:
    email: str = strawberry.field(description="The address they will sign in with.")
    name: str = strawberry.field(description="1 to 200 characters.")
    role: Role = strawberry.field(description="What they will be.")
    team_id: strawberry.ID | None = strawberry.field(default=None, description="Required but for ADMIN and SUPPORT.")
    id: strawberry.ID | None = strawberry.field(default=None, description="Made by you: per_ + ULID or UUID.")
    locale: str | None = strawberry.field(default=None, description="zh-CN or en; the organization's by default.")
    time_zone: str | None = strawberry.field(default=None, description="IANA zone; the organization's by default.")
    phone: str | None = strawberry.field(default=None, description="Telephone number.")
    external_id: str | None = strawberry.field(default=None, description="Id in another system, unique.")


@strawberry.input(description="What changes; a field that is absent stays, null clears.")
class PersonChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="1 to 200 characters.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="The address they sign in with.")
    role: Role | None = strawberry.field(default=strawberry.UNSET, description="What they are.")
    team_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="The team they belong to.")
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="zh-CN or en.")
    time_zone: str | None = strawberry.field(default=strawberry.UNSET, description="IANA zone; the roster moves along.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Telephone number.")
    start_point: CoordinatesInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where their day starts."
    )
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="Id in another system, unique.")


@strawberry.input(description="A date that differs from the week.")
class RosterExceptionInput:
    date: str = strawberry.field(description="The local date, YYYY-MM-DD.")
    times: str = strawberry.field(description="Work times such as `09:00-12:00 13:00-18:00`; empty on a free day.")


@strawberry.input(description="Days on which the person does not work.")
class AbsenceInput:
    first: str = strawberry.field(description="The first local date, YYYY-MM-DD.")
    last: str = strawberry.field(description="The last local date, included.")


@strawberry.input(description="A whole roster, in the person's time zone; it replaces the one before.")
class RosterInput:
    weekly: list[str] = strawberry.field(
        description="Seven texts, Monday first, such as `09:00-12:00 13:00-18:00` or `22:00-06:00`; empty: free."
    )
    exceptions: list[RosterExceptionInput] = strawberry.field(
        default_factory=list, description="Dates that differ from the week; 400 with the absences at the most."
    )
    absences: list[AbsenceInput] = strawberry.field(default_factory=list, description="Leave and sickness.")


WhichPerson = Annotated[strawberry.ID, strawberry.argument(description="Which person.")]
ExpectedVersion = Annotated[
    int | None, strawberry.argument(description="Refused as VersionConflict where the record moved on.")
]


@strawberry.type
class PersonQuery:
    @returns(Person | None, "The person who is signed in.")
    async def me(self, info: Info) -> Document | None:
        actor = info.context.me
        # Seen without the scope: administrators and new people may have no team.
        everyone = Reads(info.context.store, Scope.whole_organization(actor.org_id))
        return await everyone.find("people", actor.person_id, wanted(info, "Person"))

    @returns(Person | None, "One person; null where they do not exist or you may not see them.")
    async def person(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Their id.")],  # noqa: A002
    ) -> Document | None:
        return await info.context.reads.find("people", id, wanted(info, "Person"))

    @returns(Connection[Person] | None, "The people you may see.")
    async def people(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        order: Annotated[PersonOrder, strawberry.argument(description="Sorting.")] = PersonOrder.NAME,
        filter: Annotated[PersonFilter | None, strawberry.argument(description="Which ones.")] = None,  # noqa: A002
    ) -> Document:
        request = page_request(first, after, str(order.value))
        where = given(filter) if filter is not None else {}
        page = await info.context.reads.page("people", where, request, wanted(info, "Person"))
        return as_connection(page)


@strawberry.type
class PersonMutation:
    @mutates(
        "invitePerson",
        "Makes a person and a link by which they choose a password within 7 days. For administrators.",
        OneTimeLink,
        *COMMON,
        IdTaken,
        EmailTaken,
    )
    async def invite_person(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[InvitePersonInput, strawberry.argument(description="Whom.")],  # noqa: A002
    ) -> Document | Refusal:
        return await invite_person(info.context, client_key, NewPerson(**given(input)))

    @mutates(
        "updatePerson",
        "Changes a person. Everybody may change their own name, phone, locale and start point; administrators all.",
        Person,
        *COMMON,
        VersionConflict,
        EmailTaken,
        LastAdmin,
    )
    async def update_person(
        self,
        info: Info,
        client_key: ClientKey,
        id: WhichPerson,  # noqa: A002
        changes: Annotated[PersonChanges, strawberry.argument(description="What changes.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await update_person(info.context, client_key, id, given(changes), expected_version)

    @mutates(
        "deactivatePerson",
        "Ends all sessions and links of a person, who cannot sign in any more; what is open of theirs goes to a "
        "successor, who must be named where there is anything. For administrators.",
        Person,
        *COMMON,
        WrongState,
        VersionConflict,
        LastAdmin,
        SuccessorRequired,
        SuccessorNotAvailable,
    )
    async def deactivate_person(
        self,
        info: Info,
        client_key: ClientKey,
        id: WhichPerson,  # noqa: A002
        successor_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Who gets their open leads, visits and notices.")
        ] = None,
    ) -> Document | Refusal:
        return await deactivate_person(info.context, client_key, id, successor_id)

    @mutates(
        "setRoster",
        "Plans when a person works. For managers and directors above them, and administrators.",
        Person,
        *COMMON,
        VersionConflict,
    )
    async def set_roster(
        self,
        info: Info,
        client_key: ClientKey,
        person_id: WhichPerson,
        roster: Annotated[RosterInput, strawberry.argument(description="The roster.")],
        expected_version: ExpectedVersion = None,
    ) -> Document | Refusal:
        return await set_roster(info.context, client_key, person_id, GivenRoster(**given(roster)), expected_version)
