"""What people agree to: the versions of a text, the steps of an answer, and which positions may be kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.consents import (
    MAX_TEXT,
    Consent,
    ConsentPurpose,
    ConsentState,
    ConsentText,
    ConsentTextChanged,
    TextDraft,
    TrackingConsent,
    give,
    published,
    state_of,
    withdraw,
)
from domain.ids import OrgId, PersonId
from domain.refusals import InvalidInput, VersionConflict, WrongState
from tests.conftest import START

LIVE = ConsentPurpose.LIVE_LOCATION
ORG, ADMIN, REP = OrgId("org_1"), PersonId("per_admin"), PersonId("per_rep")
NOBODY_YET = Consent("per_rep:LIVE_LOCATION", ORG, REP, LIVE)
MS, MINUTE, HOUR, DAY = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def draft(*, renews: bool = True, asked_from: datetime | None = None, words: str = "May we?") -> TextDraft:
    return TextDraft((("en", words),), asked_from, renews)


def text(
    before: ConsentText | None = None, *, now: datetime = START, renews: bool = True, asked_from: datetime | None = None
) -> ConsentText:
    made = published(
        before,
        draft(renews=renews, asked_from=asked_from),
        ORG,
        LIVE,
        None if before is None else before.version,
        person_id=ADMIN,
        now=now,
    )
    assert isinstance(made, ConsentText), made
    return made


def given_at(asked: ConsentText, at: datetime, before: Consent = NOBODY_YET) -> Consent:
    agreed = give(before, asked, asked.version, at, at)
    assert isinstance(agreed, Consent), agreed
    return agreed


def withdrawn_at(consent: Consent, at: datetime) -> Consent:
    after = withdraw(consent, at)
    assert isinstance(after, Consent), after
    return after


@pytest.mark.parametrize(
    ("given_draft", "field"),
    [
        (TextDraft((("zh-CN", "好"),), None, renews=True), "texts"),
        (TextDraft((("en", "May we?"), ("fr", "Oui?")), None, renews=True), "texts"),
        (TextDraft((("en", "May we?"), ("en", "Or not?")), None, renews=True), "texts"),
        (TextDraft((("en", "  "),), None, renews=True), "texts"),
        (TextDraft((("en", "x" * (MAX_TEXT + 1)),), None, renews=True), "texts"),
        (TextDraft((("en", "May we?"),), START + 90 * DAY + MS, renews=True), "askedFrom"),
    ],
)
def test_a_text_that_cannot_be_published_names_the_field(given_draft: TextDraft, field: str) -> None:
    refused = published(None, given_draft, ORG, LIVE, None, person_id=ADMIN, now=START)
    assert isinstance(refused, InvalidInput)
    assert refused.field == field


def test_the_longest_text_and_notice_are_accepted() -> None:
    made = published(
        None,
        draft(words="x" * MAX_TEXT, asked_from=START + 90 * DAY),
        ORG,
        LIVE,
        None,
        person_id=ADMIN,
        now=START,
    )
    assert isinstance(made, ConsentText)
    assert made.asked_from == START + 90 * DAY


def test_versions_follow_each_other() -> None:
    first = text()
    assert (first.version, first.oldest_valid, first.asked_from) == (1, 1, START)
    wording = text(first, now=START + DAY, renews=False)
    assert (wording.version, wording.oldest_valid, wording.renewed_from) == (2, 1, START)
    more = text(wording, now=START + 2 * DAY, asked_from=START + 9 * DAY)
    assert (more.version, more.oldest_valid, more.asked_from, more.renewed_from) == (3, 3, START, START + 9 * DAY)
    for expected in (None, 0, 2, 4):
        stale = published(more, draft(), ORG, LIVE, expected, person_id=ADMIN, now=START + 3 * DAY)
        assert stale == VersionConflict("LIVE_LOCATION", 3)


@pytest.mark.parametrize(
    ("at", "accepted"),
    [
        (START + 3 * DAY, True),
        (START, True),
        (START - MS, False),
        (START + 3 * DAY + 2 * MINUTE, True),
        (START + 3 * DAY + 2 * MINUTE + MS, False),
    ],
)
def test_a_tap_counts_within_72_hours_and_after_the_text(at: datetime, accepted: bool) -> None:
    now = START + 3 * DAY
    answer = give(NOBODY_YET, text(now=START - DAY), 1, at, now)
    assert isinstance(answer, Consent if accepted else InvalidInput), answer
    assert isinstance(give(NOBODY_YET, text(now=START), 1, START - MS, START), InvalidInput)


def test_giving_and_withdrawing() -> None:
    asked = text()
    assert give(NOBODY_YET, None, 1, START, START) == WrongState("LIVE_LOCATION", "NOT_ASKED")
    assert give(NOBODY_YET, asked, 2, START, START) == ConsentTextChanged("LIVE_LOCATION", 1)
    agreed = given_at(asked, START + HOUR)
    assert (agreed.since, agreed.text_version, agreed.version) == (START + HOUR, 1, 1)
    assert give(agreed, asked, 1, START + 2 * HOUR, START + 2 * HOUR) == agreed
    gone = withdrawn_at(agreed, START + 3 * HOUR)
    assert (gone.since, gone.text_version, gone.withdrawn_at, gone.version) == (None, None, START + 3 * HOUR, 2)
    assert withdraw(gone, START + 4 * HOUR) == WrongState("LIVE_LOCATION", "WITHDRAWN")
    refused = give(gone, asked, 1, START + 3 * HOUR, START + 4 * HOUR)
    assert isinstance(refused, InvalidInput)
    again = given_at(asked, START + 5 * HOUR, gone)
    assert (again.since, again.version) == (START + 5 * HOUR, 3)


def test_a_new_version_goes_on_without_a_gap() -> None:
    first = text()
    second = text(first, now=START + DAY)
    agreed = given_at(second, START + 2 * DAY, given_at(first, START + HOUR))
    assert (agreed.since, agreed.text_version) == (START + HOUR, 2)


def test_states() -> None:
    first = text()
    agreed, second = given_at(first, START), text(first, now=START + DAY)
    assert state_of(None, None) is ConsentState.NOT_ASKED
    assert state_of(first, None) is ConsentState.REQUIRED
    assert state_of(first, agreed) is ConsentState.GIVEN
    assert state_of(second, agreed) is ConsentState.OUTDATED
    assert state_of(text(first, now=START + DAY, renews=False), agreed) is ConsentState.GIVEN
    for asked in (None, first):
        assert state_of(asked, withdrawn_at(NOBODY_YET, START)) is ConsentState.WITHDRAWN


FIRST = text(asked_from=START + DAY)
AGREED = given_at(FIRST, START + 2 * DAY)
SECOND = text(FIRST, now=START + 3 * DAY, asked_from=START + 5 * DAY)
WITHDRAWN = withdrawn_at(AGREED, START + 4 * DAY)
AGAIN = given_at(FIRST, START + 6 * DAY, WITHDRAWN)
TRACKED = {
    "nobody was asked": (None, None, START, True),
    "said no before being asked": (None, withdrawn_at(NOBODY_YET, START), START, False),
    "the last instant of the notice": (FIRST, None, START + DAY - MS, True),
    "asked and not answered": (FIRST, None, START + DAY, False),
    "agreed": (FIRST, AGREED, START + 2 * DAY, True),
    "between the asking and the answer": (FIRST, AGREED, START + 2 * DAY - MS, False),
    "from before the asking, told late": (FIRST, AGREED, START + DAY - MS, True),
    "the old consent until the new text counts": (SECOND, AGREED, START + 5 * DAY - MS, True),
    "the old consent no longer counts": (SECOND, AGREED, START + 5 * DAY, False),
    "the new consent": (SECOND, given_at(SECOND, START + 4 * DAY, AGREED), START + 5 * DAY, True),
    "withdrawn": (FIRST, WITHDRAWN, START + 5 * DAY, False),
    "withdrawn, measured while agreed": (FIRST, WITHDRAWN, START + 3 * DAY, False),
    "agreed again": (FIRST, AGAIN, START + 6 * DAY, True),
    "agreed again, measured before": (FIRST, AGAIN, START + 6 * DAY - MS, False),
    "agreed again, measured before anybody asked": (FIRST, AGAIN, START, False),
}


@pytest.mark.parametrize("case", TRACKED)
def test_which_positions_may_be_kept(case: str) -> None:
    asked, consent, at, kept = TRACKED[case]
    assert TrackingConsent(asked, consent).allows(at) is kept


@given(st.lists(st.sampled_from(["give", "withdraw", "publish", "reword"]), max_size=12), st.integers(0, 13))
def test_nothing_is_kept_after_a_withdrawal_or_before_the_consent_that_lasts(steps: list[str], hour: int) -> None:
    asked, consent = text(), NOBODY_YET
    for number, step in enumerate(steps, start=1):
        now = START + number * HOUR
        if step in {"publish", "reword"}:
            asked = text(asked, now=now, renews=step == "publish")
        else:
            after = give(consent, asked, asked.version, now, now) if step == "give" else withdraw(consent, now)
            consent = after if isinstance(after, Consent) else consent
    at = START + hour * HOUR
    allowed = TrackingConsent(asked, consent).allows(at)
    if allowed:
        assert consent.since is not None
        assert at >= consent.since
        assert state_of(asked, consent) is ConsentState.GIVEN or at < asked.renewed_from
    assert not TrackingConsent(asked, replace(consent, since=None)).allows(at)
