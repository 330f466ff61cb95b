"""The current user's profile, over HTTP."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from anyio.to_thread import current_default_thread_limiter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.security import verify_password
from app.users.models import User
from tests.app_under_test import PASSWORD, bearer
from tests.factories import UserFactory

NOT_AUTHENTICATED = {
    "type": "/problems/not-authenticated",
    "title": "Not authenticated",
    "status": 401,
    "detail": "Send a valid access token.",
}


WRONG_PASSWORD = {
    "type": "/problems/wrong-password",
    "title": "Wrong password",
    "status": 403,
    "detail": "The current password is wrong.",
}


async def test_read_me_returns_the_current_user(
    client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    response = await client.get("/users/me", headers=token)

    assert response.status_code == 200
    assert response.json() == {
        "id": str(user.id),
        "email": "ada@example.com",
        "email_verified": False,
        "full_name": None,
        "created_at": user.created_at.isoformat().replace("+00:00", "Z"),
        "version": 1,
    }


async def test_read_me_returns_an_address_that_the_input_would_refuse(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    user = await UserFactory.add(session, email="root@localhost")

    response = await client.get("/users/me", headers=bearer(user))

    assert response.status_code == 200
    assert response.json()["email"] == "root@localhost"


async def test_a_request_without_a_token_returns_401(client: httpx.AsyncClient) -> None:
    response = await client.get("/users/me")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == NOT_AUTHENTICATED


async def test_a_malformed_token_returns_401(client: httpx.AsyncClient) -> None:
    response = await client.get("/users/me", headers={"Authorization": "Bearer nonsense"})

    assert response.status_code == 401
    assert response.json() == NOT_AUTHENTICATED


async def test_an_expired_token_returns_401(client: httpx.AsyncClient, user: User) -> None:
    expired = bearer(user, lifetime=timedelta(seconds=-1))

    response = await client.get("/users/me", headers=expired)

    assert response.status_code == 401
    assert response.json() == NOT_AUTHENTICATED


async def test_the_token_of_a_deleted_user_returns_401(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    await session.delete(user)

    response = await client.get("/users/me", headers=token)

    assert response.status_code == 401
    assert response.json() == NOT_AUTHENTICATED


async def test_the_token_of_a_disabled_user_returns_403(
    client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    user.is_active = False

    response = await client.get("/users/me", headers=token)

    assert response.status_code == 403
    assert response.json()["type"] == "/problems/account-disabled"


async def test_update_me_changes_the_profile(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.patch(
        "/users/me",
        json={
            "email": "lovelace@example.com",
            "full_name": " Ada ",
            "current_password": PASSWORD,
        },
        headers=token,
    )

    assert response.status_code == 200
    assert response.json()["email"] == "lovelace@example.com"
    await session.refresh(user)
    assert (user.email, user.full_name) == ("lovelace@example.com", "Ada")


async def test_update_me_keeps_what_is_left_out(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    user.full_name = "Ada"

    response = await client.patch("/users/me", json={}, headers=token)

    assert response.status_code == 200
    await session.refresh(user)
    assert (user.email, user.full_name) == ("ada@example.com", "Ada")


async def test_update_me_accepts_the_current_email_in_another_case(
    client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    response = await client.patch(
        "/users/me",
        json={"email": "Ada@example.com", "current_password": PASSWORD},
        headers=token,
    )

    assert response.status_code == 200
    assert response.json()["email"] == "Ada@example.com"


async def test_update_me_refuses_the_email_of_another_user(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    await UserFactory.add(session, email="grace@example.com")

    response = await client.patch(
        "/users/me",
        json={"email": "Grace@example.com", "current_password": PASSWORD},
        headers=token,
    )

    assert response.status_code == 409
    assert response.json()["type"] == "/problems/email-taken"
    await session.refresh(user)
    assert user.email == "ada@example.com"


@pytest.mark.parametrize("given", [{}, {"current_password": "a wrong guess"}])
async def test_update_me_requires_the_password_to_change_the_email(
    client: httpx.AsyncClient,
    session: AsyncSession,
    user: User,
    token: dict[str, str],
    given: dict[str, str],
) -> None:
    response = await client.patch(
        "/users/me", json={"email": "thief@example.com", **given}, headers=token
    )

    assert response.status_code == 403
    assert response.json() == WRONG_PASSWORD
    await session.refresh(user)
    assert user.email == "ada@example.com"


async def test_update_me_accepts_the_same_email_without_a_password(
    client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    response = await client.patch(
        "/users/me", json={"email": user.email, "full_name": "Ada"}, headers=token
    )

    assert response.status_code == 200
    assert response.json()["full_name"] == "Ada"


async def test_update_me_refuses_to_remove_the_email(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    response = await client.patch("/users/me", json={"email": None}, headers=token)

    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"loc": ["body"], "msg": "Value error, email must not be null", "type": "value_error"}
    ]


async def test_update_me_accepts_the_current_version(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    response = await client.patch(
        "/users/me", json={"full_name": "Ada", "version": 1}, headers=token
    )

    assert response.status_code == 200
    assert (response.json()["full_name"], response.json()["version"]) == ("Ada", 2)


async def test_update_me_refuses_a_change_to_an_old_version(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)

    response = await client.patch(
        "/users/me", json={"full_name": "Grace", "version": 1}, headers=token
    )

    assert response.status_code == 409
    assert response.json() == {
        "type": "/problems/changed-meanwhile",
        "title": "Changed meanwhile",
        "status": 409,
        "detail": (
            "Another request changed this in the meantime. Read it again before you change it."
        ),
    }
    await session.refresh(user)
    assert user.full_name == "Ada"


async def test_change_my_password_replaces_the_password(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.put(
        "/users/me/password",
        json={"current_password": PASSWORD, "new_password": "a new password"},
        headers=token,
    )

    assert response.status_code == 200
    await session.refresh(user)
    assert await verify_password("a new password", user.password_hash)


async def test_change_my_password_requires_the_current_one(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.put(
        "/users/me/password",
        json={"current_password": "a wrong guess", "new_password": "a new password"},
        headers=token,
    )

    assert response.status_code == 403
    assert response.json() == WRONG_PASSWORD
    await session.refresh(user)
    assert await verify_password(PASSWORD, user.password_hash)


@pytest.mark.parametrize("name", ["current_password", "new_password"])
async def test_change_my_password_refuses_one_that_is_too_long(
    client: httpx.AsyncClient, token: dict[str, str], name: str
) -> None:
    change = {"current_password": PASSWORD, "new_password": "a new password", name: "x" * 4097}

    response = await client.put("/users/me/password", json=change, headers=token)

    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "loc": ["body", name],
            "msg": "String should have at most 128 characters",
            "type": "string_too_long",
        }
    ]


async def test_delete_me_removes_the_account(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.request(
        "DELETE", "/users/me", json={"current_password": PASSWORD}, headers=token
    )

    assert response.status_code == 204
    assert (await session.scalars(select(User).where(User.id == user.id))).all() == []


async def test_delete_me_requires_the_current_password(
    client: httpx.AsyncClient, session: AsyncSession, user: User, token: dict[str, str]
) -> None:
    response = await client.request(
        "DELETE", "/users/me", json={"current_password": "a wrong guess"}, headers=token
    )

    assert response.status_code == 403
    assert response.json() == WRONG_PASSWORD
    assert (await session.scalars(select(User).where(User.id == user.id))).all() == [user]


async def test_a_token_is_checked_while_all_threads_are_busy(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    threads = current_default_thread_limiter()
    busy = [object() for _ in range(int(threads.available_tokens))]
    for work in busy:
        threads.acquire_on_behalf_of_nowait(work)
    try:
        async with asyncio.timeout(5):
            response = await client.get("/users/me", headers=token)
    finally:
        for work in busy:
            threads.release_on_behalf_of(work)

    assert response.status_code == 200
