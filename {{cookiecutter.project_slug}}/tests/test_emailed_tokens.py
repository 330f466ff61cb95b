"""Password reset and email verification, over HTTP."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.tokens import EmailVerificationClaims, PasswordResetClaims, create_token
from app.config import Settings
from app.mail import Email, get_sender
from app.users.models import User
from tests.app_under_test import PASSWORD

INVALID_EMAIL_TOKEN = {
    "type": "/problems/invalid-email-token",
    "title": "Invalid email token",
    "status": 403,
    "detail": "The token from the email is invalid, has expired or was used before.",
}
NEW = "a new password"


def token_in(email: Email) -> str:
    return email.text.split()[-1]


async def reset_token(client: httpx.AsyncClient, outbox: list[Email], address: str) -> str:
    await client.post("/auth/password-reset", json={"email": address})
    return token_in(outbox[-1])


async def reset(client: httpx.AsyncClient, token: str) -> httpx.Response:
    body = {"token": token, "new_password": NEW}
    return await client.post("/auth/password-reset/confirm", json=body)


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/auth/verify-email/confirm", json={"token": token})


async def log_in(client: httpx.AsyncClient, password: str) -> httpx.Response:
    form = {"username": "ada@example.com", "password": password}
    return await client.post("/auth/login", data=form)


async def test_a_reset_request_sends_an_email_to_the_user(
    client: httpx.AsyncClient, user: User, outbox: list[Email]
) -> None:
    response = await client.post("/auth/password-reset", json={"email": "ADA@example.com"})

    assert (response.status_code, response.json()) == (202, None)
    assert [(email.to, email.subject) for email in outbox] == [
        ("ada@example.com", "Reset your password")
    ]


@pytest.mark.parametrize("address", ["nobody@example.com", "ada@example.com"])
async def test_a_reset_request_does_not_tell_who_has_an_active_account(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    outbox: list[Email],
    address: str,
) -> None:
    user.is_active = False
    await session.commit()

    response = await client.post("/auth/password-reset", json={"email": address})

    assert (response.status_code, response.json()) == (202, None)
    assert outbox == []


async def test_a_reset_replaces_the_password_and_ends_all_tokens(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    token: dict[str, str],
    outbox: list[Email],
) -> None:
    login = (await log_in(client, PASSWORD)).json()

    response = await reset(client, await reset_token(client, outbox, user.email))

    assert (response.status_code, response.content) == (204, b"")
    assert (await client.get("/users/me", headers=token)).status_code == 401
    refreshed = await client.post("/auth/refresh", json={"refresh_token": login["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await log_in(client, PASSWORD)).status_code == 401
    assert (await log_in(client, NEW)).status_code == 200
    await session.refresh(user)
    assert user.email_verified


async def test_a_reset_token_is_valid_once(
    client: httpx.AsyncClient, user: User, outbox: list[Email]
) -> None:
    first = await reset_token(client, outbox, user.email)
    second = await reset_token(client, outbox, user.email)
    assert (await reset(client, first)).status_code == 204

    for used in (first, second):
        response = await reset(client, used)
        assert response.status_code == 403
        assert response.json() == INVALID_EMAIL_TOKEN


@pytest.mark.parametrize(
    ("column", "value"),
    [("token_version", 2), ("email", "lovelace@example.com"), ("is_active", False)],
)
async def test_a_reset_token_ends_when_the_user_changes(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    outbox: list[Email],
    column: str,
    value: object,
) -> None:
    token = await reset_token(client, outbox, user.email)
    setattr(user, column, value)
    await session.commit()

    response = await reset(client, token)

    assert response.status_code == 403
    assert response.json() == INVALID_EMAIL_TOKEN


@pytest.mark.parametrize("made", ["expired", "other purpose", "nonsense", "\x00"])
async def test_a_bad_token_from_an_email_returns_403(
    client: httpx.AsyncClient, app: FastAPI, user: User, made: str
) -> None:
    claims = {"sub": user.id, "ver": user.token_version, "email": user.email}
    lifetime = timedelta(minutes=-1 if made == "expired" else 1)
    kinds = [PasswordResetClaims, EmailVerificationClaims]
    tokens = [
        create_token(kind.model_validate(claims), settings=app.state.settings, lifetime=lifetime)
        for kind in (reversed(kinds) if made == "other purpose" else kinds)
    ]
    if made not in {"expired", "other purpose"}:
        tokens = [made, made]

    for response in (await reset(client, tokens[0]), await verify(client, tokens[1])):
        assert response.status_code == 403
        assert response.json() == INVALID_EMAIL_TOKEN


async def test_a_registration_sends_a_token_that_verifies_the_email_once(
    client: httpx.AsyncClient, outbox: list[Email]
) -> None:
    await client.post("/auth/register", json={"email": "ada@example.com", "password": PASSWORD})
    [email] = outbox
    assert (email.to, email.subject) == ("ada@example.com", "Verify your email")

    response = await verify(client, token_in(email))

    assert (response.status_code, response.content) == (204, b"")
    access = (await log_in(client, PASSWORD)).json()["access_token"]
    me = await client.get("/users/me", headers={"Authorization": f"Bearer {access}"})
    assert me.json()["email_verified"] is True
    response = await verify(client, token_in(email))
    assert response.status_code == 403
    assert response.json() == INVALID_EMAIL_TOKEN


async def test_a_user_can_ask_for_another_verification_until_the_email_is_verified(
    client: httpx.AsyncClient, user: User, token: dict[str, str], outbox: list[Email]
) -> None:
    response = await client.post("/auth/verify-email", headers=token)
    assert (response.status_code, response.json()) == (202, None)
    assert (await verify(client, token_in(outbox[0]))).status_code == 204

    response = await client.post("/auth/verify-email", headers=token)

    assert (response.status_code, response.json()) == (202, None)
    assert len(outbox) == 1


async def test_a_new_email_has_to_be_verified_by_a_token_that_is_sent_to_it(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    token: dict[str, str],
    outbox: list[Email],
) -> None:
    await client.post("/auth/verify-email", headers=token)
    user.email_verified = True
    await session.commit()

    response = await client.patch(
        "/users/me",
        json={"email": "lovelace@example.com", "current_password": PASSWORD},
        headers=token,
    )

    assert response.json()["email_verified"] is False
    to_the_old, to_the_new = outbox
    assert to_the_new.to == "lovelace@example.com"
    assert (await verify(client, token_in(to_the_old))).json() == INVALID_EMAIL_TOKEN
    assert (await verify(client, token_in(to_the_new))).status_code == 204


async def test_an_email_is_written_to_the_log_only_if_a_setting_says_so(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    email = Email("ada@example.com", "Reset your password", "Your token:\n1234")
    settings = app.state.settings
    for to_log in (False, True):
        app.state.settings = settings.model_copy(update={"email_to_log": to_log})
        send = await get_sender(Request({"type": "http", "app": app}))
        await send(email)

    dropped = {"event": "An email was not sent, since app/mail.py has no sender yet."}
    written = {
        "event": "EMAIL_TO_LOG",
        "to": "ada@example.com",
        "subject": "Reset your password",
        "text": "Your token:\n1234",
    }
    assert [record.msg for record in caplog.records] == [dropped, written]


def test_emails_are_not_written_to_the_log_by_default() -> None:
    assert Settings.model_fields["email_to_log"].default is False
