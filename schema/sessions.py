"""Signing in and out in the schema; all but `signOut` work without a token."""

from datetime import datetime
from typing import Annotated

import strawberry

from domain import sessions as domain
from domain.refusals import Refusal
from domain.sessions import LinkPurpose
from resolvers.links import issue_password_reset, redeem_link
from resolvers.sessions import Phone, refresh_session, sign_in, sign_in_with_firebase, sign_out
from schema.fields import Info, mutates, stored
from schema.links import LinkInvalid, OneTimeLink
from schema.paging import ClientKey
from schema.people import Person, WhichPerson
from schema.refusals import COMMON, WrongState, shown
from storage.driver import Document

WrongCredentials = shown(domain.WrongCredentials)
TooManyAttempts = shown(domain.TooManyAttempts, retry_after_s="Seconds until the next attempt is looked at.")
SessionEnded = shown(domain.SessionEnded)
FirebaseNotConfigured = shown(domain.FirebaseNotConfigured)

DeviceId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The device's id, dev_ + ULID or UUID; a new session ends the device's old one."),
]
AppVersion = Annotated[str | None, strawberry.argument(description="Version of the app, such as 1.4.2.")]
LinkToken = Annotated[str, strawberry.argument(description="The token from the link.")]


@strawberry.type(description="A signed-in device. Keep the refresh token where only your app can read it.")
class Session:
    access_token: str = stored("access_token", "Send it as `Authorization: Bearer ...`.")
    access_token_expires_at: datetime = stored("access_token_expires_at", "Refresh before then.")
    refresh_token: str = stored("refresh_token", "For `refreshSession`, once; the answer holds the next one.")
    person: Person = stored("person", "Who signed in.")


@strawberry.type(description="A session that has ended.")
class SignedOut:
    signed_out_at: datetime = stored("signed_out_at", "Since when its tokens open nothing.")


@strawberry.input(description="Who signs in, and where.")
class SignInInput:
    email: str = strawberry.field(description="The person's address; upper and lower case are the same.")
    password: str = strawberry.field(description="The password.")
    device_id: strawberry.ID | None = strawberry.field(
        default=None, description="The device's id, dev_ + ULID or UUID; a new session ends the device's old one."
    )
    app_version: str | None = strawberry.field(default=None, description="Version of the app, such as 1.4.2.")


@strawberry.type
class SessionMutation:
    @mutates(
        "signIn",
        "Opens a session for e-mail and password. Repeated with the same key within 10 minutes, it answers the same "
        "session while that is unused. Ignores the Authorization header.",
        Session,
        *COMMON,
        WrongCredentials,
        TooManyAttempts,
        SessionEnded,
    )
    async def sign_in(
        self,
        info: Info,
        client_key: ClientKey,
        input: Annotated[SignInInput, strawberry.argument(description="Who and where.")],  # noqa: A002
    ) -> Document | Refusal:
        phone = Phone(input.device_id, input.app_version)
        return await sign_in(info.context, client_key, input.email, input.password, phone)

    @mutates(
        "signInWithFirebase",
        "Opens a session for a Firebase ID token with a verified e-mail address. Ignores the Authorization header.",
        Session,
        *COMMON,
        WrongCredentials,
        FirebaseNotConfigured,
        SessionEnded,
    )
    async def sign_in_with_firebase(
        self,
        info: Info,
        client_key: ClientKey,
        id_token: Annotated[str, strawberry.argument(description="What Firebase's client library gave the app.")],
        device_id: DeviceId = None,
        app_version: AppVersion = None,
    ) -> Document | Refusal:
        return await sign_in_with_firebase(info.context, client_key, id_token, Phone(device_id, app_version))

    @mutates(
        "refreshSession",
        "Exchanges a refresh token for the next one and a new access token. Where the answer got lost, repeat it with "
        "the same key and device within 10 minutes; any other second use of a refresh token ends the session. "
        "Ignores the Authorization header.",
        Session,
        *COMMON,
        SessionEnded,
    )
    async def refresh_session(
        self,
        info: Info,
        client_key: ClientKey,
        refresh_token: Annotated[str, strawberry.argument(description="The last one you were given.")],
        device_id: DeviceId = None,
    ) -> Document | Refusal:
        return await refresh_session(info.context, client_key, refresh_token, device_id)

    @mutates(
        "signOut",
        "Ends the session: its access and refresh tokens open nothing from now on. UNAUTHENTICATED as the answer to a "
        "repeated call means that it has happened.",
        SignedOut,
        *COMMON,
    )
    async def sign_out(self, info: Info, client_key: ClientKey) -> Document | Refusal:
        return await sign_out(info.context, client_key)

    @mutates(
        "issuePasswordReset",
        "Makes a link by which a person chooses a new password, or a new invitation for somebody invited. "
        "For administrators.",
        OneTimeLink,
        *COMMON,
        WrongState,
    )
    async def issue_password_reset(
        self, info: Info, client_key: ClientKey, person_id: WhichPerson
    ) -> Document | Refusal:
        return await issue_password_reset(info.context, client_key, person_id)

    @mutates(
        "acceptInvitation",
        "Chooses the first password, 10 to 200 characters, and signs in. Ignores the Authorization header.",
        Session,
        *COMMON,
        LinkInvalid,
        SessionEnded,
    )
    async def accept_invitation(
        self,
        info: Info,
        client_key: ClientKey,
        token: LinkToken,
        password: Annotated[str, strawberry.argument(description="10 to 200 characters.")],
        name: Annotated[str | None, strawberry.argument(description="The name, if it was spelt wrong.")] = None,
        device_id: DeviceId = None,
        app_version: AppVersion = None,
    ) -> Document | Refusal:
        phone = Phone(device_id, app_version)
        return await redeem_link(info.context, client_key, LinkPurpose.INVITATION, token, password, name, phone)

    @mutates(
        "resetPassword",
        "Chooses a new password, 10 to 200 characters, ends all sessions of the person and signs in. "
        "Ignores the Authorization header.",
        Session,
        *COMMON,
        LinkInvalid,
        SessionEnded,
    )
    async def reset_password(
        self,
        info: Info,
        client_key: ClientKey,
        token: LinkToken,
        new_password: Annotated[str, strawberry.argument(description="10 to 200 characters.")],
        device_id: DeviceId = None,
        app_version: AppVersion = None,
    ) -> Document | Refusal:
        phone = Phone(device_id, app_version)
        return await redeem_link(info.context, client_key, LinkPurpose.PASSWORD_RESET, token, new_password, None, phone)
