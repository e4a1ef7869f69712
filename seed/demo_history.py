"""Four weeks of visits before the demo begins, so that its reports have days to show; for seed/demo_organization.py."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from domain.accounts import Tier
from domain.calendar import known_zone
from domain.ids import AccountId, SiteId, VisitId
from domain.notices import derived_id
from domain.people import Person
from domain.shifts import planned_shift
from domain.visits import DEFAULT_LENGTH, Visit, VisitKind, VisitOutcome, VisitState
from seed.demo_people import ORG_ID
from storage.driver import Document

WEEKS = 4
BEFORE = timedelta(weeks=WEEKS + 1)
"""So long ago the demo organization was made."""
_KEPT_UP = 24
"""Of a rep's customers; the others wait for a first visit."""
_A_DAY, _A_SLOW_DAY = (2, 3, 3, 4), (1, 1, 1, 2)
_SLOW_DAYS = 14
"""So long one rep of each team has made few visits, as an alert should find."""
_ENDS = (VisitState.DONE, VisitState.MISSED, VisitState.TOUCH)
_OUTCOMES = (VisitOutcome.PROGRESS, VisitOutcome.PROGRESS, VisitOutcome.ORDER, VisitOutcome.SERVICE)


def history(reps: Sequence[Person], sites: Mapping[str, Sequence[Document]], now: datetime) -> list[Visit]:
    """The past visits of these reps to their `sites` (by owner), each rep going round their customers."""
    slow = {rep.team_id: rep.id for rep in reps}.values()
    return [visit for rep in reps for visit in _of(rep, sites.get(rep.id, ()), now, is_slow=rep.id in slow)]


def last_verified(visits: Sequence[Visit]) -> dict[AccountId, datetime]:
    """When each customer was last verifiably visited."""
    found: dict[AccountId, datetime] = {}
    for visit in visits:
        if visit.verified and visit.closed_at is not None:
            found[visit.account_id] = max(visit.closed_at, found.get(visit.account_id, visit.closed_at))
    return found


def _of(rep: Person, sites: Sequence[Document], now: datetime, *, is_slow: bool) -> Iterator[Visit]:
    assert rep.roster is not None
    chance = random.Random(f"fieldbeat-demo-history-{rep.email}")
    # Some are busier and more reliable than others, as in any team.
    weights = chance.choice(((90, 6, 4), (82, 12, 6), (74, 20, 6)))
    today, turn = now.astimezone(known_zone(rep.time_zone)).date(), 0
    kept_up = sites[:_KEPT_UP]
    for ago in range(WEEKS * 7, 0, -1):
        day = today - timedelta(days=ago)
        shift = planned_shift(rep.roster, day)
        if shift is None or not kept_up:
            continue
        for number in range(chance.choice(_A_SLOW_DAY if is_slow and ago <= _SLOW_DAYS else _A_DAY)):
            site = kept_up[turn % len(kept_up)]
            turn += 1
            starts = shift[0] + timedelta(minutes=45 + 105 * number + chance.randrange(30))
            yield _visit(rep, site, day, number, starts, chance.choices(_ENDS, weights)[0], chance)


def _visit(
    rep: Person, site: Document, day: date, number: int, starts: datetime, state: VisitState, chance: random.Random
) -> Visit:
    opened = starts + timedelta(minutes=chance.randrange(12))
    stay = timedelta(minutes=4 if state is VisitState.TOUCH else chance.randrange(18, 50))
    made = state is not VisitState.MISSED
    return Visit(
        id=VisitId(derived_id("vis", "demo", rep.id, str(day), str(number))),
        org_id=ORG_ID,
        site_id=SiteId(site["_id"]),
        account_id=AccountId(site["account_id"]),
        owner_id=rep.id,
        team_id=rep.team_id,
        kind=VisitKind.PLANNED,
        state=state,
        tier=Tier(site["tier"]),
        scheduled_at=starts,
        planned_start_at=starts,
        planned_end_at=starts + DEFAULT_LENGTH,
        opened_at=opened if made else None,
        closed_at=opened + stay if made else None,
        outcome=chance.choice(_OUTCOMES) if made else None,
        arrived_inside=made,
        verified=state is VisitState.DONE and chance.random() < 0.93,
        created_at=starts - timedelta(hours=12),
        updated_at=opened + stay,
    )
