"""What a fired step of an SLA clock says to whom: recipients by the team tree, kind and priority of each notice.

Called by workers/sla_watch.py and, where a breach turns out not to have been one, by resolvers/sla.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.accounts import Tier
from domain.ids import ClockId, PersonId, TeamId
from domain.leads import Lead
from domain.notices import Notice, NoticeKind, Priority, event_key, make_notice, notice_id, step_key
from domain.people import Team, superiors
from domain.sla import Firing, Metric, Recipient, Step

BREACH = 100
"""Percent of the target at which a promise is broken."""


ASKING = frozenset(
    {
        NoticeKind.LEAD_ASSIGNED,
        NoticeKind.LEADS_HANDED_OVER,
        NoticeKind.LEAD_UNTOUCHED,
        NoticeKind.VISIT_RESCHEDULED,
        NoticeKind.VISIT_CANCELLED,
    }
)
"""Notices outside the ladder that ask for something soon, and so are told to whoever works for an absent recipient."""
HEARD = frozenset({NoticeKind.SLA_REMINDER, NoticeKind.SLA_BREACHED, NoticeKind.SLA_ESCALATED})
"""Notices that somebody must hear: where nothing reaches the recipient, the next level is told at once."""


def recipients(
    owner_id: PersonId | None,
    team_id: TeamId | None,
    teams: Mapping[TeamId, Team],
    working: Mapping[PersonId, PersonId | None] | None = None,
) -> dict[Recipient, PersonId]:
    """Who stands where above the owner now; a place nobody holds is left out.

    `working` says who works for whom: a place goes to the deputy of whoever is away, without one to the next level.
    """
    places = [Recipient.OWNER, Recipient.SUPERIOR, Recipient.SUPERIOR_OF_SUPERIOR]
    levels = superiors(owner_id, team_id, teams)
    if owner_id is None:  # in the pool of the team
        del places[0]
    else:
        levels.insert(0, owner_id)
    acting = [(working or {}).get(each, each) for each in levels]
    return {
        place: next((each for each in acting[height:] if each is not None), level)
        for height, (place, level) in enumerate(zip(places, levels, strict=False))
    }


def kind_of(step: Step) -> NoticeKind:
    """The kind of notice a step sends."""
    if Recipient.CUSTOMER_SUCCESS in step.recipients:
        return NoticeKind.CARE_TASK
    if step.propose_reassignment:
        return NoticeKind.SLA_REASSIGN_PROPOSED
    if step.percent < BREACH:
        return NoticeKind.SLA_REMINDER
    return NoticeKind.SLA_BREACHED if step.percent == BREACH else NoticeKind.SLA_ESCALATED


def priority_of(step: Step, tier: Tier) -> Priority:
    """Critical: breach of a tier A lead, escalation. Normal: the proposal to reassign. High: the rest."""
    if step.propose_reassignment:
        return Priority.NORMAL
    if step.percent > BREACH or (step.percent == BREACH and tier is Tier.A):
        return Priority.CRITICAL
    return Priority.HIGH


def step_notices(
    lead: Lead,
    clock_id: ClockId,
    metric: Metric,
    firing: Firing,
    teams: Mapping[TeamId, Team],
    now: datetime,
    working: Mapping[PersonId, PersonId | None] | None = None,
    care: Sequence[PersonId] = (),
) -> list[Notice]:
    """One notice for each person concerned, at that person's highest step; `working` as for `recipients`.

    `care` are the people of customer success.
    """
    chain = recipients(firing.owner_id, lead.team_id, teams, working)
    places = {place: [person_id] for place, person_id in chain.items()}
    told = firing.notices({**places, Recipient.CUSTOMER_SUCCESS: care})
    return [
        make_notice(
            lead.org_id,
            person_id,
            kind_of(step),
            priority_of(step, lead.tier),
            step_key(clock_id, firing.cycle_key, step.percent),
            now,
            lead_id=lead.id,
            clock_id=clock_id,
            cycle=firing.cycle,
            step=step.percent,
            facts={"metric": metric.value},
        )
        for person_id, step in told.items()
    ]


def withdrawn_notices(
    lead: Lead,
    clock_id: ClockId,
    metric: Metric,
    proofs: Sequence[tuple[str, int, str]],
    told: Iterable[Notice],
    now: datetime,
) -> list[Notice]:
    """For each withdrawn breach (cycle key and number, source of the proof) one notice to everyone told of it."""
    breaches = [each for each in told if each.step is not None and each.step >= BREACH]
    notices = []
    for cycle_key, cycle, source_id in proofs:
        concerned = [each.owner_id for each in breaches if _is_of(each, clock_id, cycle_key)]
        for person_id in dict.fromkeys(concerned):
            notice = make_notice(
                lead.org_id,
                person_id,
                NoticeKind.SLA_WITHDRAWN,
                Priority.NORMAL,
                event_key(NoticeKind.SLA_WITHDRAWN, clock_id, cycle_key, source_id),
                now,
                lead_id=lead.id,
                clock_id=clock_id,
                cycle=cycle,
                facts={"metric": metric.value},
            )
            notices.append(notice)
    return notices


def _is_of(notice: Notice, clock_id: ClockId, cycle_key: str) -> bool:
    return notice.step is not None and notice.dedupe_key == step_key(clock_id, cycle_key, notice.step)


def assigned_notice(lead: Lead, now: datetime) -> Notice | None:
    """Tells the owner of a new lead; the key holds the version, so that getting it back tells again."""
    if lead.owner_id is None:
        return None
    key = event_key(NoticeKind.LEAD_ASSIGNED, lead.id, str(lead.version))
    return make_notice(lead.org_id, lead.owner_id, NoticeKind.LEAD_ASSIGNED, Priority.NORMAL, key, now, lead_id=lead.id)


def told_instead(notice: Notice, person_id: PersonId) -> Notice:
    """The same told to who works for the recipient: whoever acknowledges it first takes it on."""
    return replace(
        notice,
        id=notice_id(notice.org_id, notice.dedupe_key, person_id),
        owner_id=person_id,
        facts={**notice.facts, "instead": "1"},
    )


def unreachable_notice(notice: Notice, person_id: PersonId, now: datetime) -> Notice:
    """Tells the next level that the recipient of a notice has nothing left that it could be sent to."""
    kind = NoticeKind.RECIPIENT_UNREACHABLE
    key = event_key(kind, notice.id)
    told = make_notice(notice.org_id, person_id, kind, notice.priority, key, now, facts=notice.facts)
    return replace(told, lead_id=notice.lead_id, clock_id=notice.clock_id, cycle=notice.cycle)
