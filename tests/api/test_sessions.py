"""Signing in, refreshing and signing out over HTTP: lost answers, copied tokens, guessed passwords."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import jwt
import orjson
import pytest
import websockets
from argon2 import PasswordHasher
from websockets.typing import Subprotocol

from api.firebase import firebase_verifier
from domain.ids import new_id
from resolvers.derived_secrets import DerivedSecrets
from resolvers.services import Services
from resolvers.tokens import Callers
from storage.store import Store
from tests.conftest import START, StoppedClock
from tests.support.client import ApiClient, new_key
from tests.support.sign_in import ME, PASSWORD, SESSION, SIGN_IN, SIGN_OUT, Phone, another_server, give_password
from tests.support.world import Member, World
from wiring.services import build_store
from wiring.settings import Settings

DEVICE = new_id("dev", START)
FIREBASE = f"""mutation ($key: String!, $token: String!) {{
  signInWithFirebase(clientKey: $key, idToken: $token) {{ {SESSION} }}
}}"""


@pytest.fixture
async def rep(world: World, services: Services, store: Store) -> Member:
    """A rep with a password, and nobody's failures counted."""
    await store["sign_in_attempts"].delete_many({})
    await give_password(services, world.rep.person)
    return world.rep


@pytest.fixture
def phone(anonymous: ApiClient) -> Phone:
    return Phone(anonymous, DEVICE)


async def works(api: ApiClient, token: str) -> bool:
    """Whether an access token opens anything; otherwise the answer must be 401."""
    response = await api.as_(token).post(ME)
    if response.status_code == 200:
        return "errors" not in response.json()
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return False


async def test_sign_in_gives_tokens_that_work_for_fifteen_minutes(
    rep: Member, phone: Phone, clock: StoppedClock
) -> None:
    session = await phone.sign_in(rep.person.email.upper())
    assert session["person"] == {"id": rep.id, "email": rep.person.email, "state": "ACTIVE"}
    assert session["accessTokenExpiresAt"] == "2026-11-23T01:15:00.000Z"
    assert await works(phone.api, session["accessToken"])
    clock.advance(minutes=15)
    assert not await works(phone.api, session["accessToken"])


async def test_sign_in_ignores_an_expired_token_in_the_header(rep: Member, phone: Phone) -> None:
    expired = Phone(phone.api.as_("not.a.token"), DEVICE)
    session = await expired.sign_in(rep.person.email)
    assert session["__typename"] == "Session"
    assert (await expired.refresh(session["refreshToken"]))["__typename"] == "Session"


@pytest.mark.parametrize(
    ("email", "password"), [(None, "wrong password"), ("nobody@example.test", PASSWORD), (None, ""), ("", "")]
)
async def test_sign_in_does_not_tell_what_was_wrong(
    rep: Member, phone: Phone, email: str | None, password: str
) -> None:
    refused = await phone.sign_in(rep.person.email if email is None else email, password)
    assert refused["code"] == "WRONG_CREDENTIALS"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"deviceId": "phone-1"}, "deviceId"),
        ({"appVersion": "x" * 41}, "appVersion"),
        ({"password": "x" * 201}, "password"),
    ],
)
async def test_sign_in_names_the_bad_field(rep: Member, phone: Phone, given: dict[str, str], field: str) -> None:
    what = {"email": rep.person.email, "password": PASSWORD} | given
    refused = await phone.api.first(SIGN_IN, key=new_key(), input=what)
    assert (refused["code"], refused["field"]) == ("BAD_INPUT", field)
    assert (await phone.api.first(SIGN_IN, key="short", input=what))["field"] == "clientKey"


async def test_sign_in_of_an_unknown_address_costs_as_much(
    rep: Member, phone: Phone, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bool] = []
    verify = type(services.passwords)._verify

    def counted(self: Any, stored: str, password: str) -> bool:
        checked.append(services.passwords.is_outdated(stored))
        return verify(self, stored, password)

    monkeypatch.setattr(type(services.passwords), "_verify", counted)
    await phone.sign_in("nobody@example.test")
    assert checked == [False], "one hash of today's costs was checked"


async def test_signing_in_renews_a_hash_of_other_costs(
    rep: Member, phone: Phone, services: Services, store: Store
) -> None:
    await give_password(services, rep.person, PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
    await phone.sign_in(rep.person.email)
    stored = await store["credentials"].find_one({"_id": rep.id})
    assert stored is not None
    assert stored["hash"].startswith("$argon2id$v=19$m=64,t=1,")
    assert (await phone.sign_in(rep.person.email))["__typename"] == "Session"


async def test_sign_in_repeated_after_a_lost_answer_is_the_same_session(rep: Member, phone: Phone) -> None:
    key = new_key()
    lost = await phone.sign_in(rep.person.email, key=key)
    again = await phone.sign_in(rep.person.email, key=key)
    assert again["refreshToken"] == lost["refreshToken"]
    assert (await phone.sign_in(rep.person.email, "wrong password", key=key))["code"] == "WRONG_CREDENTIALS"
    used = await phone.refresh(lost["refreshToken"])
    other = await phone.sign_in(rep.person.email, key=key)
    assert other["refreshToken"] not in {lost["refreshToken"], used["refreshToken"]}
    assert await works(phone.api, other["accessToken"])


async def test_sign_in_again_on_a_device_ends_its_old_session_only(rep: Member, phone: Phone) -> None:
    elsewhere = await Phone(phone.api, new_id("dev", START)).sign_in(rep.person.email)
    old = await phone.sign_in(rep.person.email)
    new = await phone.sign_in(rep.person.email)
    assert not await works(phone.api, old["accessToken"])
    assert await works(phone.api, new["accessToken"])
    assert await works(phone.api, elsewhere["accessToken"])


async def test_attempts_are_limited_per_address_of_mail(rep: Member, phone: Phone, clock: StoppedClock) -> None:
    wrong = [phone.sign_in(rep.person.email, "wrong password") for _ in range(12)]
    answers = [answer["code"] for answer in await asyncio.gather(*wrong)]
    assert sorted(answers) == ["TOO_MANY_ATTEMPTS"] * 2 + ["WRONG_CREDENTIALS"] * 10
    refused = await phone.sign_in(rep.person.email)
    assert (refused["code"], refused["retryAfterS"]) == ("TOO_MANY_ATTEMPTS", 900)
    clock.advance(seconds=901)
    assert (await phone.sign_in(rep.person.email))["__typename"] == "Session"


async def test_attempts_are_limited_per_network_address(rep: Member, phone: Phone, store: Store) -> None:
    for number in range(4):
        await phone.sign_in(f"guess{number}@example.test")
    counted = await store["sign_in_attempts"].find({"count": 4}, limit=5)
    assert len(counted) == 1
    await store["sign_in_attempts"].update_one({"_id": counted[0]["_id"]}, {"$set": {"count": 100}})
    assert (await phone.sign_in(rep.person.email))["code"] == "TOO_MANY_ATTEMPTS"


async def test_attempts_that_succeed_do_not_count(rep: Member, phone: Phone) -> None:
    for _ in range(12):
        assert (await phone.sign_in(rep.person.email))["__typename"] == "Session"


async def test_refresh_rotates_and_a_lost_answer_can_be_asked_for_again(
    rep: Member, phone: Phone, clock: StoppedClock
) -> None:
    first = (await phone.sign_in(rep.person.email))["refreshToken"]
    key = new_key()
    lost = await phone.refresh(first, key)
    clock.advance(minutes=10)
    again = await phone.refresh(first, key)
    assert again["refreshToken"] == lost["refreshToken"] != first
    assert again["accessTokenExpiresAt"] > lost["accessTokenExpiresAt"]
    assert await works(phone.api, again["accessToken"])
    third = await phone.refresh(again["refreshToken"])
    assert third["__typename"] == "Session"


async def test_refresh_in_parallel_with_one_key_gives_one_successor(rep: Member, phone: Phone) -> None:
    first = (await phone.sign_in(rep.person.email))["refreshToken"]
    key = new_key()
    answers = await asyncio.gather(*(phone.refresh(first, key) for _ in range(6)))
    assert len({answer["refreshToken"] for answer in answers}) == 1


@pytest.mark.parametrize("how", ["other key", "other device", "too late", "successor used", "much older"])
async def test_a_refresh_token_in_other_hands_ends_the_session(
    rep: Member, phone: Phone, clock: StoppedClock, how: str
) -> None:
    first = (await phone.sign_in(rep.person.email))["refreshToken"]
    key = new_key()
    current = await phone.refresh(first, key)
    if how == "too late":
        clock.advance(minutes=10, milliseconds=1)
    if how in {"successor used", "much older"}:
        current = await phone.refresh(current["refreshToken"])
    if how == "much older":
        current = await phone.refresh(current["refreshToken"])
    device = new_id("dev", START) if how == "other device" else None
    stolen = await phone.refresh(first, new_key() if how == "other key" else key, device)
    assert stolen["code"] == "SESSION_ENDED"
    assert not await works(phone.api, current["accessToken"])
    assert (await phone.refresh(current["refreshToken"]))["code"] == "SESSION_ENDED"


async def test_made_up_refresh_tokens_end_nobodys_session(rep: Member, phone: Phone) -> None:
    session = await phone.sign_in(rep.person.email)
    session_id, secret, seal = session["refreshToken"].split(".")
    made_up = ["", ".", "..", session_id, f"{session_id}.x.{seal}", f"{session_id}.x", "ü.ü.ü", f"{session_id}.ü.ü"]
    made_up += [f"{session_id}.{secret[::-1]}.{seal}", f"ses_x.{secret}.{seal}"]
    for token in made_up:
        assert (await phone.refresh(token))["code"] == "SESSION_ENDED", token
    assert await works(phone.api, session["accessToken"])


async def test_sessions_end_after_thirty_idle_days(rep: Member, phone: Phone, clock: StoppedClock) -> None:
    token = (await phone.sign_in(rep.person.email))["refreshToken"]
    for _ in range(3):
        clock.advance(days=29)
        token = (await phone.refresh(token))["refreshToken"]
    clock.advance(days=30)
    assert (await phone.refresh(token))["code"] == "SESSION_ENDED"


async def test_sign_out_ends_access_at_once(rep: Member, phone: Phone) -> None:
    session = await phone.sign_in(rep.person.email)
    signed_in, key = phone.api.as_(session["accessToken"]), new_key()
    assert await signed_in.first(SIGN_OUT, key=key) == {
        "__typename": "SignedOut",
        "signedOutAt": "2026-11-23T01:00:00.000Z",
    }
    assert not await works(phone.api, session["accessToken"])
    assert await signed_in.code(SIGN_OUT, key=key) == "UNAUTHENTICATED"
    assert (await phone.refresh(session["refreshToken"]))["code"] == "SESSION_ENDED"
    assert await phone.api.code(SIGN_OUT, key=new_key()) == "UNAUTHENTICATED"
    assert await works(phone.api, rep.api.token or "")


async def test_what_another_process_ends_is_refused_here_soon(
    rep: Member, phone: Phone, services: Services, settings: Settings
) -> None:
    token = (await phone.sign_in(rep.person.email))["accessToken"]
    elsewhere = build_store(settings, settings.mongodb_uri or "")
    async with another_server(replace(services, store=elsewhere, callers=Callers(elsewhere, services.clock))) as other:
        assert await works(phone.api, token)
        assert await works(other, token)
        await other.as_(token).first(SIGN_OUT, key=new_key())
        assert not await works(other, token), "the process that did it knows at once"
        async with asyncio.timeout(10):
            while await works(phone.api, token):  # noqa: ASYNC110 - the other process says nothing
                await asyncio.sleep(0.02)
    await elsewhere.database.close()


async def test_sign_out_ends_open_sockets(rep: Member, phone: Phone, api_url: str) -> None:
    token = (await phone.sign_in(rep.person.email))["accessToken"]
    address = api_url.replace("http", "ws") + "/graphql"
    async with websockets.connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:

        async def ask(number: int) -> None:
            await socket.send(orjson.dumps({"id": str(number), "type": "subscribe", "payload": {"query": ME}}).decode())

        hello = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        await socket.send(orjson.dumps(hello).decode())
        assert orjson.loads(await socket.recv())["type"] == "connection_ack"
        await ask(1)
        assert orjson.loads(await socket.recv())["payload"]["data"]["me"]["id"] == rep.id
        assert orjson.loads(await socket.recv())["type"] == "complete"
        await phone.api.as_(token).first(SIGN_OUT, key=new_key())
        await ask(2)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_no_secret_is_stored_readable(rep: Member, phone: Phone, store: Store) -> None:
    session = await phone.sign_in(rep.person.email)
    successor = await phone.refresh(session["refreshToken"])
    await phone.api.as_(successor["accessToken"]).first(SIGN_OUT, key=new_key())
    secrets = [PASSWORD, session["accessToken"], successor["accessToken"]]
    secrets += [answer["refreshToken"].split(".")[1] for answer in (session, successor)]
    for name in ("sessions", "credentials", "receipts", "sign_in_attempts", "people"):
        for document in await store[name].find({}, limit=5_000):
            text = orjson.dumps(document, default=str).decode()
            assert not any(secret in text for secret in secrets), name


async def test_refresh_survives_the_exchange_of_the_signing_key(rep: Member, phone: Phone, services: Services) -> None:
    key, first = new_key(), (await phone.sign_in(rep.person.email))["refreshToken"]
    lost = await phone.refresh(first, key)
    both = {"next": b"n" * 32, **services.tokens.keys}
    async with another_server(with_keys(services, both)) as later:
        again = await Phone(later, DEVICE).refresh(first, key)
        assert again["refreshToken"].split(".")[:2] == lost["refreshToken"].split(".")[:2]
        assert await works(later, lost["accessToken"])
    async with another_server(with_keys(services, {"next": b"n" * 32})) as much_later:
        assert not await works(much_later, lost["accessToken"])
        assert (await Phone(much_later, DEVICE).refresh(lost["refreshToken"]))["__typename"] == "Session"


def with_keys(services: Services, keys: dict[str, bytes]) -> Services:
    """The same program after its operator exchanged keys."""
    return replace(services, tokens=replace(services.tokens, keys=keys), secrets=DerivedSecrets(keys))


async def firebase_answer(api: ApiClient, token: str) -> dict[str, Any]:
    answer: dict[str, Any] = await api.first(FIREBASE, key=new_key(), token=token)
    return answer


async def test_firebase_without_a_project(rep: Member, phone: Phone) -> None:
    assert (await firebase_answer(phone.api, "x"))["code"] == "FIREBASE_NOT_CONFIGURED"


async def test_firebase_tokens_by_the_rules_of_its_library(
    rep: Member, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library's own test switch: everything is checked but the signature, whose keys are in the network.
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099")
    good = {
        "aud": "demo-field",
        "iss": "https://securetoken.google.com/demo-field",
        "sub": "u1",
        "email": rep.person.email.upper(),
        "email_verified": True,
    }
    async with another_server(replace(services, verify_firebase=firebase_verifier("demo-field"))) as api:
        session = await firebase_answer(api, unsigned(good))
        assert session["person"]["id"] == rep.id
        assert await works(api, session["accessToken"])
        for wrong in (
            {"aud": "other-project"},
            {"iss": "https://securetoken.google.com/other"},
            {"sub": ""},
            {"email_verified": False},
            {"email_verified": "true"},
            {"email": "nobody@example.test"},
            {"email": None},
        ):
            assert (await firebase_answer(api, unsigned(good | wrong)))["code"] == "WRONG_CREDENTIALS", wrong
        for text in ("", "x", "a.b.c", "ü"):
            assert (await firebase_answer(api, text))["code"] == "WRONG_CREDENTIALS", text


def unsigned(claims: dict[str, Any]) -> str:
    """A token as the emulator of the service makes it."""
    return jwt.encode(claims, "", algorithm="none")


async def test_sign_in_after_deactivation(rep: Member, phone: Phone, services: Services, store: Store) -> None:
    session = await phone.sign_in(rep.person.email)
    gone = replace(rep.person, version=2)
    await store["people"].update_one({"_id": gone.id}, {"$set": {"state": "DEACTIVATED"}})
    assert not await works(phone.api, session["accessToken"])
    assert (await phone.refresh(session["refreshToken"]))["code"] == "SESSION_ENDED"
    assert (await phone.sign_in(rep.person.email))["code"] == "WRONG_CREDENTIALS"
