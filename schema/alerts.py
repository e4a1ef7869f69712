"""Threshold alerts in the schema: the rules, what fired, and what rules would have fired."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry

from domain.alerts import AlertBasis, AlertComparison, AlertRecipient, AlertSubject, AlertWindow
from domain.refusals import Refusal
from resolvers.alerts import alert_rules, dry_run, fired_alerts, save_rules
from schema.fields import Info, computed, mutates, related, returns, stored
from schema.inputs import given
from schema.paging import After, ClientKey, Connection, First, as_connection, page_request
from schema.refusals import COMMON, VersionConflict
from schema.scalars import described_enum
from schema.standard_actions import in_own_words
from storage.driver import Document

if TYPE_CHECKING:
    from schema.people import Person
    from schema.teams import Team

described_enum(AlertSubject, "What an alert compares.", REP="Each rep.", TEAM="Each team.")
described_enum(
    AlertComparison,
    "On which side of the threshold an alert fires; exactly on it none does.",
    BELOW="Where the figure is lower.",
    ABOVE="Where it is higher.",
)
described_enum(
    AlertBasis,
    "What a threshold means.",
    VALUE="A figure of the measure itself.",
    TEAM_MEAN="Percent of the team's mean, both a work day: leave counts for nobody.",
)
described_enum(
    AlertWindow,
    "Over which days figures are added up.",
    DAY="Each day.",
    WEEK="Each week, Monday to Sunday.",
)
described_enum(
    AlertRecipient,
    "Who is told.",
    SUPERIOR="The direct superior, or who stands in.",
    PERSON="The rep.",
    ADMINISTRATORS="All administrators.",
)


@strawberry.type(description="A threshold on a figure of a report.")
class AlertRule:
    key: str = stored("key", "Its key.")
    name: str = computed(in_own_words, "What it watches, in your language.", needs=("name_en", "name_zh"))
    name_en: str = stored("name_en", "What it watches, in English.")
    name_zh: str = stored("name_zh", "What it watches, in Chinese.")
    report: str = stored("report", "Key of the report; see `reports`.")
    measure: str = stored("measure", "Key of its measure.")
    subject: AlertSubject = stored("subject", "What is compared.")
    comparison: AlertComparison = stored("comparison", "On which side it fires.")
    basis: AlertBasis = stored("basis", "What the threshold means.")
    threshold: Decimal = stored("threshold", "The threshold.")
    window: AlertWindow = stored("window", "Over which days.")
    recipients: list[AlertRecipient] = stored("recipients", "Who is told.", default=())
    min_members: int = stored("min_members", "So many people of a team must have worked to be compared with its mean.")
    enabled: bool = stored("enabled", "Whether it fires.")


@strawberry.type(description="The alert rules of your organization.")
class AlertRules:
    version: int = stored("version", "Grows by one with each change; 0 for those every organization begins with.")
    rules: list[AlertRule] = stored("rules", "The rules.", default=())
    saved_at: datetime | None = stored("saved_at", "When this version was saved.")


@strawberry.type(description="A figure that crossed a threshold.")
class Alert:
    alert_id: strawberry.ID = stored("_id", "The alert.")
    rule_key: str = stored("rule_key", "Key of the rule.")
    name: str = computed(in_own_words, "What the rule watches, in your language.", needs=("name_en", "name_zh"))
    report: str = stored("report", "Key of the report.")
    measure: str = stored("measure", "Key of the measure.")
    subject: AlertSubject = stored("subject", "What was compared.")
    comparison: AlertComparison = stored("comparison", "On which side it was.")
    basis: AlertBasis = stored("basis", "What the threshold means.")
    threshold: Decimal = stored("threshold", "The threshold.")
    window: str = stored("window", "The day (2026-11-23) or week (2026-W48).")
    since: str = stored("since", "First day of it.")
    until: str = stored("until", "Last day of it.")
    value: float = stored("value", "The figure; against the team's mean, that of a work day.")
    reference: float = stored("reference", "What it was held against: the threshold, or the team's mean of a work day.")
    rep_id: strawberry.ID | None = stored("owner_id", "Whose figure; null for a team's.")
    rep: Annotated["Person", strawberry.lazy("schema.people")] | None = related("people", "Whose.", key="owner_id")
    team_id: strawberry.ID | None = stored("team_id", "The team.")
    team: Annotated["Team", strawberry.lazy("schema.teams")] | None = related("teams", "The team.", key="team_id")
    fired_at: datetime = stored("fired_at", "When it fired; in a dry run, when you asked.")


@strawberry.type(description="What a rule would have fired in one window.")
class AlertDryRun:
    rule_key: str = stored("rule_key", "Key of the rule.")
    window: str = stored("window", "The day or week.")
    since: str = stored("since", "First day of it.")
    until: str = stored("until", "Last day of it.")
    days: int = stored("days", "How many of its days have been counted; without all of them it says little.")
    alerts: list[Alert] = stored("alerts", "The alerts.")


@strawberry.input(description="A threshold on a figure of a report.")
class AlertRuleInput:
    key: str = strawberry.field(description="Unique, 1 to 40 upper-case letters, digits or _.")
    name_en: str = strawberry.field(description="What it watches, in English, 1 to 120 characters.")
    name_zh: str = strawberry.field(description="What it watches, in Chinese, 1 to 120 characters.")
    report: str = strawberry.field(description="Key of a report; not one that is made of positions.")
    measure: str = strawberry.field(description="Key of its measure; against TEAM_MEAN one that is added up.")
    subject: AlertSubject = strawberry.field(description="What is compared.")
    comparison: AlertComparison = strawberry.field(description="On which side it fires.")
    basis: AlertBasis = strawberry.field(description="What the threshold means; TEAM_MEAN for reps only.")
    threshold: Decimal = strawberry.field(description="0 to 1000000000; percent against TEAM_MEAN.")
    window: AlertWindow = strawberry.field(description="Over which days.")
    recipients: list[AlertRecipient] = strawberry.field(description="Who is told, each once.")
    min_members: int = strawberry.field(default=3, description="2 to 1000.")
    enabled: bool = strawberry.field(default=True, description="Whether it fires.")


@strawberry.type
class AlertQuery:
    @returns(AlertRules | None, "The thresholds of your organization.")
    async def alert_rules(self, info: Info) -> Document:
        return await alert_rules(info.context)

    @returns(
        Connection[Alert] | None,
        "Alerts that fired about reps and teams you see, the latest first; a rep finds those about themselves.",
    )
    async def alerts(
        self,
        info: Info,
        rule_key: Annotated[str | None, strawberry.argument(description="Only of this rule.")] = None,
        first: First = 20,
        after: After = None,
    ) -> Document:
        return as_connection(await fired_alerts(info.context, page_request(first, after), rule_key))

    @returns(
        list[AlertDryRun] | None,
        "What rules would have fired in the latest weeks, by window, the latest first; nobody is told. For those who "
        "may save them.",
    )
    async def dry_run_alerts(
        self,
        info: Info,
        rules: Annotated[
            list[AlertRuleInput] | None, strawberry.argument(description="The rules; absent: the current ones.")
        ] = None,
        weeks: Annotated[int, strawberry.argument(description="How many weeks back, 1 to 8.")] = 8,
    ) -> list[Document]:
        return await dry_run(info.context, None if rules is None else [given(each) for each in rules], weeks)


@strawberry.type
class AlertMutation:
    @mutates(
        "saveAlertRules",
        "Replaces all rules; they count for windows that end from then on. A window fires a rule once for each rep or "
        "team. For administrators.",
        AlertRules,
        *COMMON,
        VersionConflict,
    )
    async def save_alert_rules(
        self,
        info: Info,
        client_key: ClientKey,
        rules: Annotated[list[AlertRuleInput], strawberry.argument(description="At most 50.")],
        expected_version: Annotated[int, strawberry.argument(description="The version they replace.")],
    ) -> Document | Refusal:
        return await save_rules(info.context, client_key, [given(each) for each in rules], expected_version)
