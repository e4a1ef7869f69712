"""Query, Mutation and Subscription as a table of contents, and the schema made of them; api/app.py serves it."""

from typing import Annotated

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.abilities import AbilityQuery
from schema.absences import AbsenceMutation
from schema.accounts import Account, AccountMutation, AccountQuery
from schema.activities import ActivityMutation
from schema.alerts import AlertMutation, AlertQuery
from schema.article_policies import ArticlePolicyMutation, ArticlePolicyQuery
from schema.article_reviews import ArticleReviewMutation, ArticleReviewQuery
from schema.article_search import ArticleSearchQuery
from schema.article_uses import ArticleUseMutation
from schema.articles import ArticleMutation, ArticleQuery
from schema.assignment_rules import AssignmentRuleMutation, AssignmentRuleQuery
from schema.audit import AuditQuery
from schema.beat_plans import BeatPlanMutation, BeatPlanQuery
from schema.bindings import BindingMutation, BindingQuery
from schema.bootstrap import BootstrapQuery
from schema.calendars import CalendarMutation, CalendarQuery
from schema.check_ins import CheckInMutation, CheckInQuery
from schema.coaching import CoachingMutation, CoachingQuery
from schema.cockpit import CockpitQuery
from schema.compliance import ComplianceQuery
from schema.consents import ConsentMutation, ConsentQuery
from schema.contacts import ContactMutation, ContactQuery
from schema.daily_reports import DailyReportMutation, DailyReportQuery
from schema.dead_letters import DeadLetterMutation, DeadLetterQuery
from schema.devices import DeviceMutation, DeviceQuery
from schema.distances import DistanceQuery
from schema.duplicates import DuplicateQuery
from schema.field_work import FieldWorkMutation
from schema.fields import Info, bind, returns
from schema.files import FileQuery
from schema.hand_overs import HandOverMutation, HandOverQuery
from schema.holds import HoldMutation
from schema.holidays import HolidayMutation, HolidayQuery
from schema.lead_drafts import LeadDraftQuery
from schema.leads import LeadMutation, LeadQuery
from schema.merging import MergingMutation
from schema.nearby import NearbyQuery
from schema.nodes import Node, find_node
from schema.norms import NormMutation, NormQuery
from schema.notices import NoticeMutation, NoticeQuery, NoticeSubscription
from schema.people import PersonMutation, PersonQuery
from schema.personal_data import PersonalDataMutation, PersonalDataQuery
from schema.planning_policies import PlanningPolicyMutation, PlanningPolicyQuery
from schema.planning_runs import PlanningRunMutation, PlanningRunQuery
from schema.pool import PoolMutation, PoolQuery
from schema.positions import PositionMutation, PositionQuery
from schema.preferences import PreferenceMutation, PreferenceQuery
from schema.procedures import ProcedureMutation, ProcedureQuery
from schema.questions import QuestionMutation, QuestionQuery
from schema.relocations import RelocationMutation, RelocationQuery
from schema.replans import ReplanMutation
from schema.report_snapshots import ReportSnapshotQuery
from schema.routes import RoutePlanMutation, RoutePlanQuery, RoutePlanSubscription
from schema.satisfaction import SatisfactionMutation
from schema.scalars import SCALARS
from schema.sessions import SessionMutation
from schema.shared_phones import SharedPhoneMutation, SharedPhoneQuery
from schema.shifts import ShiftMutation, ShiftQuery
from schema.site_codes import SiteCodeQuery
from schema.sites import SiteMutation, SiteQuery
from schema.sla_policies import SlaPolicyMutation, SlaPolicyQuery
from schema.sla_sweeps import SlaSweepMutation, SlaSweepQuery
from schema.synonyms import SynonymMutation, SynonymQuery
from schema.team import TeamMapQuery, TeamMapSubscription
from schema.team_days import TeamDayMutation, TeamDayQuery
from schema.teams import TeamMutation, TeamQuery
from schema.time_anchors import TimeAnchorQuery
from schema.timeline import TimelineQuery
from schema.tracks import TrackQuery
from schema.visit_cadences import VisitCadenceMutation, VisitCadenceQuery
from schema.visit_heat import VisitHeatQuery
from schema.visits import VisitMutation, VisitQuery
from schema.vouching import VouchingMutation, VouchingQuery
from schema.what_if import WhatIfQuery
from storage.driver import Document


@strawberry.type
class NodeQuery:
    @returns(Node | None, "Any record by its id; null where it does not exist or you may not see it.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
    ) -> Document | None:
        return await find_node(info.context, id)


@strawberry.type(description="Everything that can be read.")
class Query(
    NodeQuery,
    BootstrapQuery,
    TeamQuery,
    PersonQuery,
    HandOverQuery,
    ShiftQuery,
    AccountQuery,
    ContactQuery,
    LeadQuery,
    LeadDraftQuery,
    DuplicateQuery,
    AssignmentRuleQuery,
    PlanningRunQuery,
    TeamDayQuery,
    PoolQuery,
    SiteQuery,
    VisitQuery,
    VisitHeatQuery,
    CheckInQuery,
    VouchingQuery,
    TimeAnchorQuery,
    SiteCodeQuery,
    RelocationQuery,
    SharedPhoneQuery,
    FileQuery,
    ProcedureQuery,
    RoutePlanQuery,
    WhatIfQuery,
    ArticleQuery,
    ArticleReviewQuery,
    ArticlePolicyQuery,
    ArticleSearchQuery,
    QuestionQuery,
    CoachingQuery,
    SynonymQuery,
    CalendarQuery,
    HolidayQuery,
    SlaPolicyQuery,
    SlaSweepQuery,
    DeviceQuery,
    BindingQuery,
    NoticeQuery,
    PreferenceQuery,
    PositionQuery,
    ConsentQuery,
    AuditQuery,
    PersonalDataQuery,
    DeadLetterQuery,
    TeamMapQuery,
    TrackQuery,
    NearbyQuery,
    DistanceQuery,
    TimelineQuery,
    CockpitQuery,
    ReportSnapshotQuery,
    AlertQuery,
    DailyReportQuery,
    NormQuery,
    PlanningPolicyQuery,
    VisitCadenceQuery,
    BeatPlanQuery,
    ComplianceQuery,
    AbilityQuery,
):
    pass


@strawberry.type(description="Everything that can be done. Repeat a call with the same client key after a lost answer.")
class Mutation(
    SessionMutation,
    TeamMutation,
    PersonMutation,
    AbsenceMutation,
    HandOverMutation,
    ShiftMutation,
    AccountMutation,
    ContactMutation,
    LeadMutation,
    AssignmentRuleMutation,
    PlanningRunMutation,
    TeamDayMutation,
    PoolMutation,
    HoldMutation,
    MergingMutation,
    SatisfactionMutation,
    ActivityMutation,
    SiteMutation,
    VisitMutation,
    CheckInMutation,
    FieldWorkMutation,
    VouchingMutation,
    RelocationMutation,
    SharedPhoneMutation,
    ProcedureMutation,
    RoutePlanMutation,
    ReplanMutation,
    ArticleMutation,
    ArticleReviewMutation,
    ArticlePolicyMutation,
    ArticleUseMutation,
    QuestionMutation,
    CoachingMutation,
    SynonymMutation,
    CalendarMutation,
    HolidayMutation,
    SlaPolicyMutation,
    SlaSweepMutation,
    DeviceMutation,
    BindingMutation,
    NoticeMutation,
    PreferenceMutation,
    PositionMutation,
    NormMutation,
    AlertMutation,
    DailyReportMutation,
    PlanningPolicyMutation,
    VisitCadenceMutation,
    BeatPlanMutation,
    ConsentMutation,
    PersonalDataMutation,
    DeadLetterMutation,
):
    pass


@strawberry.type(description="Everything that can be watched, over graphql-transport-ws.")
class Subscription(TeamMapSubscription, NoticeSubscription, RoutePlanSubscription):
    pass


def build_schema() -> strawberry.Schema:
    """The bound schema. Raises TypeError on a field that is not declared as the read model asks."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Account],
        config=StrawberryConfig(auto_camel_case=True, scalar_map=SCALARS),
    )
    bind(schema)
    return schema
