"""Rules of bindings: which addresses are taken, what is kept of them, which urgency is heard, who has an address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.bindings import (
    MAX_PER_HOLDER,
    PUSH_SERVICES,
    AddressTaken,
    Binding,
    BindingRules,
    BoundChannel,
    TooManyBindings,
    bind,
    binding_id,
    is_endpoint,
    problem_with,
    robot_key,
)
from domain.ids import OrgId, PersonId
from domain.notices import Priority
from tests.conftest import START
from tests.support.bindings import ADDRESSES, AUTH, EVERY_CHANNEL, PUBLIC_KEY, ROBOT

ORG, ANN, BEN = OrgId("org_1"), PersonId("per_ann"), PersonId("per_ben")
HEX = "a1" * 32


def said(channel: BoundChannel, **changes: Any) -> dict[str, Any]:
    good = {"public_key" if key == "publicKey" else key: value for key, value in ADDRESSES[channel].items()}
    values = {"channel": channel, **good, **changes}
    return values | {"address": robot_key(channel, values["address"])}


def binding(holder: PersonId, channel: BoundChannel, address: str) -> Binding:
    return Binding(
        id=binding_id(ORG, holder, channel, address),
        org_id=ORG,
        holder_id=holder,
        team_id=None,
        channel=channel,
        address=address,
        least_priority=Priority.NORMAL,
        created_at=START,
        updated_at=START,
        secret="very-secret",
    )


@pytest.mark.parametrize("channel", BoundChannel)
def test_good_addresses(channel: BoundChannel) -> None:
    assert problem_with(said(channel), EVERY_CHANNEL, ORG, for_team=False) is None


@pytest.mark.parametrize(
    ("channel", "changes", "field"),
    [
        (BoundChannel.WECOM_APP, {"address": ""}, "address"),
        (BoundChannel.WECOM_APP, {"address": "a" * 65}, "address"),
        (BoundChannel.WECOM_APP, {"address": "_wang"}, "address"),
        (BoundChannel.WECOM_APP, {"address": "wang|li"}, "address"),
        (BoundChannel.WECOM_APP, {"address": "@all"}, "address"),
        (BoundChannel.WECOM_APP, {"secret": "s3cr3tS3cr3t"}, "secret"),
        (BoundChannel.WECOM_BOT, {"address": "a" * 19}, "address"),
        (BoundChannel.WECOM_BOT, {"address": "a" * 129}, "address"),
        (BoundChannel.WECOM_BOT, {"address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"}, "address"),
        (BoundChannel.WECOM_BOT, {"address": "http://10.0.0.1/send?key=" + ROBOT}, "address"),
        (BoundChannel.WECOM_BOT, {"publicKey": None, "public_key": PUBLIC_KEY}, "publicKey"),
        (BoundChannel.DINGTALK, {"secret": "short"}, "secret"),
        (BoundChannel.DINGTALK, {"secret": "with space"}, "secret"),
        (BoundChannel.FEISHU, {"address": "https://open.feishu.cn/open-apis/bot/v2/hook/"}, "address"),
        (BoundChannel.FEISHU, {"label": "x" * 61}, "label"),
        (BoundChannel.WEB_PUSH, {"address": "http://updates.push.services.mozilla.com/x"}, "address"),
        (BoundChannel.WEB_PUSH, {"address": "https://169.254.169.254/latest/meta-data"}, "address"),
        (BoundChannel.WEB_PUSH, {"public_key": AUTH}, "publicKey"),
        (BoundChannel.WEB_PUSH, {"public_key": "A" * 87}, "publicKey"),
        (BoundChannel.WEB_PUSH, {"public_key": None}, "publicKey"),
        (BoundChannel.WEB_PUSH, {"secret": "AAAA"}, "secret"),
        (BoundChannel.WEB_PUSH, {"secret": None}, "secret"),
        (BoundChannel.APPRISE, {"address": "json://10.0.0.1/"}, "address"),
        (BoundChannel.APPRISE, {"address": "tgram://"}, "address"),
        (BoundChannel.APPRISE, {"address": "tgram"}, "address"),
    ],
)
def test_bad_values_are_named(channel: BoundChannel, changes: dict[str, Any], field: str) -> None:
    problem = problem_with(said(channel, **changes), EVERY_CHANNEL, ORG, for_team=False)
    assert problem is not None
    assert problem.field == field


@pytest.mark.parametrize("length", [60, 64])
def test_lengths_that_just_fit(length: int) -> None:
    given = said(BoundChannel.WECOM_APP, address="a" * length, label="x" * min(length, 60))
    assert problem_with(given, EVERY_CHANNEL, ORG, for_team=False) is None


@pytest.mark.parametrize("channel", BoundChannel)
def test_what_reaches_one_person_is_of_no_team(channel: BoundChannel) -> None:
    problem = problem_with(said(channel), EVERY_CHANNEL, ORG, for_team=True)
    alone = channel in {BoundChannel.WECOM_APP, BoundChannel.WEB_PUSH}
    assert (problem.field if problem else None) == ("channel" if alone else None)


def test_a_channel_that_is_not_offered() -> None:
    problem = problem_with(said(BoundChannel.FEISHU), BindingRules(frozenset({"lark"})), ORG, for_team=False)
    assert problem is not None
    assert problem.field == "channel"


@pytest.mark.parametrize(("org_id", "field"), [(ORG, None), (OrgId("org_2"), "channel")])
def test_the_members_of_a_company_are_bound_by_its_organization(org_id: OrgId, field: str | None) -> None:
    rules = replace(EVERY_CHANNEL, wecom_org_id=ORG)
    problem = problem_with(said(BoundChannel.WECOM_APP), rules, org_id, for_team=False)
    assert (problem.field if problem else None) == field
    assert problem_with(said(BoundChannel.WECOM_BOT), rules, org_id, for_team=False) is None


@pytest.mark.parametrize(
    ("channel", "address", "kept"),
    [
        (BoundChannel.WECOM_BOT, f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?debug=1&key={ROBOT}", ROBOT),
        (BoundChannel.WECOM_BOT, ROBOT, ROBOT),
        (BoundChannel.DINGTALK, f"https://oapi.dingtalk.com/robot/send?access_token={HEX}", HEX),
        (BoundChannel.FEISHU, f"https://open.feishu.cn/open-apis/bot/v2/hook/{ROBOT}", ROBOT),
        (BoundChannel.LARK, f"https://anywhere.example/x/hook/{ROBOT}?a=b", ROBOT),
        (BoundChannel.WEB_PUSH, "https://web.push.apple.com/a/b", "https://web.push.apple.com/a/b"),
    ],
)
def test_only_the_robots_key_is_kept(channel: BoundChannel, address: str, kept: str) -> None:
    assert robot_key(channel, address) == kept


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=x", True),
        ("https://notify.windows.com/w/", False),
        ("https://.notify.windows.com/w/", False),
        ("https://evilnotify.windows.com/w/", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://fcm.googleapis.com@evil.example/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com", False),
        ("https://fcm.googleapis.com/x#y", False),
        ("https://fcm.googleapis.com\\@evil.example/x", False),
        ("https://fcm.googleapis.com:x/y", False),
        ("http://fcm.googleapis.com/x", False),
        ("https://127.0.0.1/x", False),
        ("https://[::1]/x", False),
        ("https://[/x", False),
        ("ftp://fcm.googleapis.com/x", False),
    ],
)
def test_endpoints_lie_at_push_services(address: str, taken: bool) -> None:
    assert is_endpoint(address, PUSH_SERVICES) is taken


@given(channel=st.sampled_from(BoundChannel), address=st.text(max_size=300), also=st.text(max_size=100))
def test_any_text_is_taken_or_refused_by_name(channel: BoundChannel, address: str, also: str) -> None:
    given_values = said(channel) | {"address": robot_key(channel, address), "secret": also, "public_key": also}
    problem = problem_with(given_values, EVERY_CHANNEL, ORG, for_team=False)
    assert problem is not None
    assert problem.field in {"address", "secret", "publicKey"}


@pytest.mark.parametrize("least", Priority)
def test_less_urgent_notices_are_not_heard(least: Priority) -> None:
    bound = replace(binding(ANN, BoundChannel.FEISHU, ROBOT), least_priority=least)
    heard = {each for each in Priority if bound.hears(each)}
    assert heard == set(list(Priority)[: list(Priority).index(least) + 1])


def test_a_user_id_stays_and_a_browser_moves() -> None:
    user = binding(ANN, BoundChannel.WECOM_APP, "wang")
    again = binding(BEN, BoundChannel.WECOM_APP, "WANG")
    assert user.id == again.id
    assert bind(user, again, []) == AddressTaken()
    browser = binding(ANN, BoundChannel.WEB_PUSH, "https://web.push.apple.com/a")
    moved = binding(BEN, BoundChannel.WEB_PUSH, "https://web.push.apple.com/a")
    assert browser.id == moved.id
    assert bind(browser, moved, []) == moved
    robots = {binding(each, BoundChannel.FEISHU, ROBOT).id for each in (ANN, BEN)}
    assert len(robots) == 2


def test_ten_working_bindings_and_no_more() -> None:
    held = [binding(ANN, BoundChannel.FEISHU, f"{ROBOT}{number}") for number in range(MAX_PER_HOLDER)]
    new = binding(ANN, BoundChannel.FEISHU, ROBOT)
    assert bind(None, new, held[1:]) == new
    assert bind(None, new, held) == TooManyBindings(MAX_PER_HOLDER)
    assert bind(held[0], held[0], held) == held[0]
    assert bind(None, new, [replace(held[0], broken_at=START), *held[1:]]) == new


def test_addresses_and_keys_stay_out_of_logs() -> None:
    bound = binding(ANN, BoundChannel.FEISHU, ROBOT)
    assert ROBOT not in repr(bound)
    assert "very-secret" not in repr(bound)
