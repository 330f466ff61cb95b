"""Register and log in, over HTTP."""

from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User
from tests.app_under_test import PASSWORD

EMAIL_TAKEN = {
    "type": "/problems/email-taken",
    "title": "Email taken",
    "status": 409,
    "detail": "An account with this email already exists.",
}
INVALID_CREDENTIALS = {
    "type": "/problems/invalid-credentials",
    "title": "Invalid credentials",
    "status": 401,
    "detail": "The email or the password is wrong.",
}
INVALID_INPUT = {
    "type": "/problems/invalid-input",
    "title": "Invalid input",
    "status": 422,
    "detail": "The request does not have the expected form.",
}


async def test_register_returns_201_with_the_user(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/auth/register",
        json={"email": "ada@example.com", "password": PASSWORD, "full_name": "Ada Lovelace"},
    )

    assert response.status_code == 201
    body = response.json()
    assert body == {
        "id": body["id"],
        "email": "ada@example.com",
        "email_verified": False,
        "full_name": "Ada Lovelace",
        "created_at": body["created_at"],
        "version": 1,
    }


async def test_register_commits_the_user(client: httpx.AsyncClient, session: AsyncSession) -> None:
    await client.post("/auth/register", json={"email": "ada@example.com", "password": PASSWORD})

    user = (await session.scalars(select(User).where(User.email == "ada@example.com"))).one()
    assert user.email == "ada@example.com"
    assert user.password_hash.startswith("$argon2id$")


async def test_register_duplicate_email_returns_409(client: httpx.AsyncClient) -> None:
    payload = {"email": "dup@example.com", "password": "secret123"}
    assert (await client.post("/auth/register", json=payload)).status_code == 201

    response = await client.post("/auth/register", json=payload)

    assert response.status_code == 409
    assert response.json() == EMAIL_TAKEN


async def test_register_refuses_a_taken_email_in_another_case(
    client: httpx.AsyncClient, user: User
) -> None:
    response = await client.post(
        "/auth/register", json={"email": "ADA@Example.com", "password": PASSWORD}
    )

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == EMAIL_TAKEN


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (
            {"email": "ada@example.com", "password": "1234567"},
            {
                "loc": ["body", "password"],
                "msg": "String should have at least 8 characters",
                "type": "string_too_short",
            },
        ),
        (
            {"password": PASSWORD},
            {"loc": ["body", "email"], "msg": "Field required", "type": "missing"},
        ),
        (
            {"email": "ada@example.com", "password": PASSWORD, "full_name": "  "},
            {
                "loc": ["body", "full_name"],
                "msg": "String should have at least 1 character",
                "type": "string_too_short",
            },
        ),
    ],
    ids=["short password", "no email", "blank name"],
)
async def test_register_says_what_is_wrong_and_does_not_repeat_the_input(
    client: httpx.AsyncClient, payload: dict[str, Any], error: dict[str, Any]
) -> None:
    response = await client.post("/auth/register", json=payload)

    assert response.status_code == 422
    assert response.json() == {**INVALID_INPUT, "errors": [error]}
    assert payload["password"] not in response.text


async def test_login_returns_a_bearer_token(client: httpx.AsyncClient, user: User) -> None:
    response = await client.post(
        "/auth/login", data={"username": "Ada@example.com", "password": PASSWORD}
    )

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body == {
        "access_token": body["access_token"],
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": body["refresh_token"],
    }
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["sub"] == str(user.id)


async def test_an_email_has_one_form_for_register_login_and_change(
    client: httpx.AsyncClient,
) -> None:
    registered = await client.post(
        "/auth/register", json={"email": " ada@xn--bcher-kva.example ", "password": PASSWORD}
    )
    assert registered.json()["email"] == "ada@b\u00fccher.example"

    form = {"username": "ADA@B\u00dcCHER.example ", "password": PASSWORD}
    login = await client.post("/auth/login", data=form)
    assert login.status_code == 200

    token = {"Authorization": f"Bearer {login.json()['access_token']}"}
    changed = await client.patch(
        "/users/me", json={"email": "ada@XN--BCHER-KVA.example"}, headers=token
    )
    assert changed.status_code == 200
    assert changed.json()["email"] == "ada@b\u00fccher.example"


async def test_a_password_has_one_form_whichever_keyboard_wrote_it(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    # An accent may be a part of its letter, or a character of its own.
    composed, decomposed = "caf\u00e9 au lait", "cafe\u0301 au lait"
    change = {"current_password": PASSWORD, "new_password": decomposed}
    assert (await client.put("/users/me/password", json=change, headers=token)).status_code == 200

    for password in (composed, decomposed):
        form = {"username": "ada@example.com", "password": password}
        assert (await client.post("/auth/login", data=form)).status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD)],
    ids=["wrong password", "unknown email"],
)
async def test_login_does_not_reveal_whether_the_email_or_the_password_is_wrong(
    client: httpx.AsyncClient, user: User, email: str, password: str
) -> None:
    response = await client.post("/auth/login", data={"username": email, "password": password})

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json() == INVALID_CREDENTIALS


@pytest.mark.parametrize("length", [129, 4097])
@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_password_that_is_too_long_is_refused_whether_or_not_the_email_is_known(
    client: httpx.AsyncClient, user: User, email: str, length: int
) -> None:
    response = await client.post("/auth/login", data={"username": email, "password": "x" * length})

    assert response.status_code == 422
    assert response.json() == {
        **INVALID_INPUT,
        "errors": [
            {
                "loc": ["body", "password"],
                "msg": "String should have at most 128 characters",
                "type": "string_too_long",
            }
        ],
    }


async def test_login_with_a_disabled_account_returns_403(
    client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    user.is_active = False

    response = await client.post("/auth/login", data={"username": user.email, "password": PASSWORD})

    assert response.status_code == 403
    assert response.json() == {
        "type": "/problems/account-disabled",
        "title": "Account disabled",
        "status": 403,
        "detail": "This account is disabled.",
    }


async def test_login_without_a_password_returns_422(client: httpx.AsyncClient) -> None:
    response = await client.post("/auth/login", data={"username": "ada@example.com"})

    assert response.status_code == 422
    assert response.json() == {
        **INVALID_INPUT,
        "errors": [{"loc": ["body", "password"], "msg": "Field required", "type": "missing"}],
    }


async def test_a_registered_user_can_log_in_and_read_their_profile(
    client: httpx.AsyncClient,
) -> None:
    await client.post("/auth/register", json={"email": "ada@example.com", "password": PASSWORD})
    login = await client.post(
        "/auth/login", data={"username": "ada@example.com", "password": PASSWORD}
    )
    token = login.json()["access_token"]

    response = await client.get("/users/me", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 200
    assert response.json()["email"] == "ada@example.com"
