"""Access tokens, refresh tokens and logout, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import Login
from app.auth.service import refresh, start_login
from app.auth.tokens import (
    AccessClaims,
    Claims,
    EmailVerificationClaims,
    PasswordResetClaims,
    create_token,
    key_id,
    read_token,
)
from app.config import Settings
from app.errors import InvalidCredentials, InvalidEmailToken, NotAuthenticated
from app.users.models import User
from tests.app_under_test import PASSWORD, SECRET_KEY

URL = "postgresql://localhost"
OTHER_KEY = "the secret key that somebody else has"
MINUTE = timedelta(minutes=1)
NOT_AUTHENTICATED = {
    "type": "/problems/not-authenticated",
    "title": "Not authenticated",
    "status": 401,
    "detail": "Send a valid access token.",
}
INVALID_REFRESH_TOKEN = {
    "type": "/problems/invalid-refresh-token",
    "title": "Invalid refresh token",
    "status": 401,
    "detail": "The refresh token is invalid, has expired or was used before. Log in again.",
}


@pytest.fixture
def settings(app: FastAPI) -> Settings:
    settings: Settings = app.state.settings
    return settings


async def log_in(client: httpx.AsyncClient, password: str = PASSWORD) -> dict[str, str]:
    form = {"username": "ada@example.com", "password": password}
    response = await client.post("/auth/login", data=form)
    tokens: dict[str, str] = response.json()
    return tokens


async def get_me(client: httpx.AsyncClient, access_token: str) -> httpx.Response:
    return await client.get("/users/me", headers={"Authorization": f"Bearer {access_token}"})


async def use(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await client.post("/auth/refresh", json={"refresh_token": refresh_token})


async def assert_ended(client: httpx.AsyncClient, tokens: dict[str, str]) -> None:
    response = await get_me(client, tokens["access_token"])
    assert response.status_code == 401
    assert response.json() == NOT_AUTHENTICATED
    response = await use(client, tokens["refresh_token"])
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == INVALID_REFRESH_TOKEN


async def assert_valid(client: httpx.AsyncClient, tokens: dict[str, str]) -> None:
    assert (await get_me(client, tokens["access_token"])).status_code == 200
    assert (await use(client, tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    ("claims", "headers", "key"),
    [
        *(({name: None}, {}, SECRET_KEY) for name in ("iss", "aud", "iat", "exp", "sub", "ver")),
        ({"sub": "not a uuid"}, {}, SECRET_KEY),
        ({"sid": "not a uuid"}, {}, SECRET_KEY),
        ({"exp": datetime.now(UTC) - MINUTE}, {}, SECRET_KEY),
        ({"iss": "another service"}, {}, SECRET_KEY),
        ({"aud": "another service"}, {}, SECRET_KEY),
        ({}, {"typ": "JWT"}, SECRET_KEY),
        ({}, {"typ": PasswordResetClaims.typ}, SECRET_KEY),
        ({}, {"kid": None}, SECRET_KEY),
        ({}, {"kid": "unknown"}, SECRET_KEY),
        ({}, {"kid": key_id(SECRET_KEY)}, OTHER_KEY),
        ({}, {"kid": key_id(OTHER_KEY)}, OTHER_KEY),
        ({}, {}, None),
    ],
)
def test_a_token_that_is_not_quite_right_is_invalid(
    claims: dict[str, Any], headers: dict[str, Any], key: str | None
) -> None:
    settings = Settings(database_url=URL, secret_key=SECRET_KEY)
    right = create_token(AccessClaims(sub=uuid4(), ver=1), settings=settings, lifetime=MINUTE)
    payload = jwt.decode(right, options={"verify_signature": False}) | claims
    header = jwt.get_unverified_header(right) | headers
    wrong = jwt.encode(
        {name: value for name, value in payload.items() if value is not None},
        key,
        "HS256" if key else "none",
        {name: value for name, value in header.items() if value and name != "alg"},
    )

    assert read_token(AccessClaims, right, settings=settings)
    with pytest.raises(NotAuthenticated):
        read_token(AccessClaims, wrong, settings=settings)


@pytest.mark.parametrize("wrong", [{"sub": uuid4()}, {"ver": 2}, {"sid": uuid4()}])
async def test_a_token_that_has_ended_returns_401(
    client: httpx.AsyncClient, user: User, settings: Settings, wrong: dict[str, Any]
) -> None:
    claims = AccessClaims(sub=user.id, ver=1).model_copy(update=wrong)

    response = await get_me(client, create_token(claims, settings=settings, lifetime=MINUTE))

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == NOT_AUTHENTICATED


def test_a_token_is_only_valid_for_its_purpose() -> None:
    settings = Settings(database_url=URL, secret_key=SECRET_KEY)
    kinds = (AccessClaims, PasswordResetClaims, EmailVerificationClaims)
    everything = {"sub": uuid4(), "ver": 1, "email": "ada@example.com"}

    def reads(kind: type[Claims], token: str) -> bool:
        try:
            return bool(read_token(kind, token, settings=settings))
        except (InvalidEmailToken, NotAuthenticated):
            return False

    for made in kinds:
        claims = made.model_validate(everything)
        token = create_token(claims, settings=settings, lifetime=MINUTE)
        assert [kind for kind in kinds if reads(kind, token)] == [made]


def test_a_token_from_a_server_whose_clock_is_ahead_is_valid() -> None:
    settings = Settings(database_url=URL, secret_key=SECRET_KEY)
    claims = AccessClaims(sub=uuid4(), ver=1)
    token = create_token(claims, settings=settings, lifetime=MINUTE)
    payload = jwt.decode(token, options={"verify_signature": False})
    header = jwt.get_unverified_header(token)

    ahead = jwt.encode(payload | {"iat": payload["exp"]}, SECRET_KEY, "HS256", header)

    assert read_token(AccessClaims, ahead, settings=settings) == claims


def test_a_previous_key_still_verifies_and_no_longer_signs() -> None:
    old = Settings(database_url=URL, secret_key=OTHER_KEY)
    new = Settings(database_url=URL, secret_key=SECRET_KEY, previous_secret_keys=[OTHER_KEY])
    claims = AccessClaims(sub=uuid4(), ver=1)

    before = create_token(claims, settings=old, lifetime=MINUTE)
    after = create_token(claims, settings=new, lifetime=MINUTE)

    assert read_token(AccessClaims, before, settings=new) == claims
    assert read_token(AccessClaims, after, settings=new) == claims
    with pytest.raises(NotAuthenticated):
        read_token(AccessClaims, after, settings=old)


async def test_a_refresh_token_is_replaced_when_it_is_used(
    client: httpx.AsyncClient, user: User
) -> None:
    tokens = await log_in(client)

    response = await use(client, tokens["refresh_token"])

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    new = response.json()
    assert new == {
        "access_token": new["access_token"],
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": new["refresh_token"],
    }
    assert new["refresh_token"] != tokens["refresh_token"]
    await assert_valid(client, new)


async def test_a_refresh_token_that_is_used_again_ends_its_login(
    client: httpx.AsyncClient, user: User
) -> None:
    other = await log_in(client)
    first = await log_in(client)
    second = (await use(client, first["refresh_token"])).json()
    third = (await use(client, second["refresh_token"])).json()

    response = await use(client, first["refresh_token"])

    assert response.status_code == 401
    assert response.json() == INVALID_REFRESH_TOKEN
    for tokens in (first, second, third):
        await assert_ended(client, tokens)
    await assert_valid(client, other)


@pytest.mark.parametrize("token", ["", "\x00", "a" * 86])
async def test_an_unknown_refresh_token_returns_401(client: httpx.AsyncClient, token: str) -> None:
    response = await use(client, token)

    assert response.status_code == 401
    assert response.json() == INVALID_REFRESH_TOKEN


async def test_a_login_ends_when_it_expires(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    tokens = await log_in(client)
    await session.execute(update(Login).values(expires_at=func.now()))
    await session.commit()

    response = await use(client, tokens["refresh_token"])

    assert response.status_code == 401
    assert response.json() == INVALID_REFRESH_TOKEN


async def test_a_login_removes_those_that_have_expired(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    await log_in(client)
    await session.execute(update(Login).values(expires_at=func.now() - MINUTE))
    await session.commit()

    await log_in(client)

    assert await session.scalar(select(func.count()).select_from(Login)) == 1


async def test_a_refresh_token_is_not_stored(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    token = (await log_in(client))["refresh_token"]

    [row] = (await session.execute(select(Login.__table__))).all()
    assert token[:20] not in str(row)
    assert token[-20:] not in str(row)
    assert len(row.family_hash) == len(row.token_hash) == 32


async def test_a_disabled_user_can_not_refresh(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    tokens = await log_in(client)
    user.is_active = False
    await session.commit()

    response = await use(client, tokens["refresh_token"])

    assert response.status_code == 403
    assert response.json()["type"] == "/problems/account-disabled"


async def test_logout_ends_the_tokens_of_this_login_only(
    client: httpx.AsyncClient, user: User
) -> None:
    tokens, other = await log_in(client), await log_in(client)

    response = await client.post(
        "/auth/logout", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )

    assert (response.status_code, response.content) == (204, b"")
    await assert_ended(client, tokens)
    await assert_valid(client, other)


async def test_logout_with_a_token_without_a_login_ends_all_of_the_user(
    client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    tokens = await log_in(client)

    response = await client.post("/auth/logout", headers=token)

    assert response.status_code == 204
    assert (await client.get("/users/me", headers=token)).status_code == 401
    await assert_ended(client, tokens)


async def test_logout_without_a_token_returns_401(client: httpx.AsyncClient) -> None:
    response = await client.post("/auth/logout")

    assert response.status_code == 401
    assert response.json() == NOT_AUTHENTICATED


async def test_a_change_of_password_ends_all_tokens_from_before_and_returns_new_ones(
    client: httpx.AsyncClient, user: User
) -> None:
    tokens, other = await log_in(client), await log_in(client)

    response = await client.put(
        "/users/me/password",
        json={"current_password": PASSWORD, "new_password": "a new password"},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    await assert_ended(client, tokens)
    await assert_ended(client, other)
    await assert_valid(client, response.json())
    await assert_valid(client, await log_in(client, "a new password"))


async def test_a_login_that_a_change_of_password_overtakes_gets_no_valid_tokens(
    session: AsyncSession, client: httpx.AsyncClient, user: User, settings: Settings
) -> None:
    newer = update(User).values(token_version=2).execution_options(synchronize_session=False)
    await session.execute(newer)

    tokens = await start_login(session, user, settings)

    assert await refresh(session, tokens.refresh_token, settings) is None
    assert (await get_me(client, tokens.access_token)).status_code == 401


async def test_a_login_that_a_deletion_overtakes_is_refused(
    session: AsyncSession, user: User, settings: Settings
) -> None:
    await session.execute(delete(User).execution_options(synchronize_session=False))

    with pytest.raises(InvalidCredentials):
        await start_login(session, user, settings)


async def test_a_deleted_user_leaves_no_logins(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    await log_in(client)

    await session.delete(user)
    await session.commit()

    assert (await session.scalars(select(Login))).all() == []
