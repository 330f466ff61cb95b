"""How many passwords a client can try, and how many emails it can ask for."""

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import LoginCounter
from app.auth.throttle import Throttle, network_of
from app.errors import AccountDisabled, InvalidCredentials, TooManyAttempts
from app.mail import Email
from app.users.models import User
from tests.app_under_test import PASSWORD
from tests.factories import UserFactory

TOO_MANY_ATTEMPTS = {
    "type": "/problems/too-many-attempts",
    "title": "Too many attempts",
    "status": 429,
    "detail": "There were too many attempts. Try again later.",
}
ClientAt = Callable[[str], httpx.AsyncClient]


@pytest.fixture
def client_at(app: FastAPI) -> ClientAt:
    """Makes clients that have other addresses than `client`."""

    def connect(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url="http://test")

    return connect


def limit(app: FastAPI, **limits: int) -> None:
    app.state.settings = app.state.settings.model_copy(update=limits)


async def log_in(client: httpx.AsyncClient, email: str, password: str = "wrong") -> int:
    response = await client.post("/auth/login", data={"username": email, "password": password})
    return response.status_code


async def ask_for_reset(client: httpx.AsyncClient, email: str) -> int:
    response = await client.post("/auth/password-reset", json={"email": email})
    return response.status_code


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_the_eleventh_wrong_password_returns_429_whether_or_not_the_email_is_known(
    client: httpx.AsyncClient, user: User, email: str
) -> None:
    # It is the same account in any case.
    tries = [await log_in(client, email.upper() if n % 2 else email) for n in range(10)]

    response = await client.post("/auth/login", data={"username": email, "password": "wrong"})

    assert tries == [401] * 10
    assert response.status_code == 429
    assert response.json() == TOO_MANY_ATTEMPTS
    assert response.headers["retry-after"] == "900"
    assert await log_in(client, email, PASSWORD) == 429


async def test_ten_of_twelve_simultaneous_wrong_passwords_are_answered(
    concurrent_client: httpx.AsyncClient,
) -> None:
    statuses = await asyncio.gather(
        *(log_in(concurrent_client, "ada@example.com") for _ in range(12))
    )

    assert Counter(statuses) == {401: 10, 429: 2}


async def test_simultaneous_logins_with_the_right_password_all_succeed(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    racer = await UserFactory.add(concurrent_session)

    statuses = await asyncio.gather(
        *(log_in(concurrent_client, racer.email, PASSWORD) for _ in range(12))
    )

    assert Counter(statuses) == {200: 12}


async def test_a_right_password_resets_the_counter_of_its_own_address_only(
    app: FastAPI, client: httpx.AsyncClient, user: User, client_at: ClientAt
) -> None:
    limit(app, failed_logins=2)
    other = client_at("198.51.100.1")
    await log_in(client, user.email)
    await log_in(other, user.email)

    assert await log_in(client, user.email, PASSWORD) == 200

    assert [await log_in(client, user.email) for _ in range(3)] == [401, 401, 429]
    assert [await log_in(other, user.email) for _ in range(2)] == [401, 429]


async def test_an_attacker_does_not_lock_the_owner_out(
    app: FastAPI, client: httpx.AsyncClient, user: User, client_at: ClientAt
) -> None:
    limit(app, failed_logins=1, failed_logins_per_account=3)
    assert await log_in(client, user.email, PASSWORD) == 200

    attacks = [await log_in(client_at(f"198.51.100.{n}"), user.email) for n in range(5)]

    assert attacks == [401, 401, 401, 429, 429]
    assert await log_in(client, user.email, PASSWORD) == 200


async def test_wrong_passwords_for_many_accounts_are_counted_by_address(
    app: FastAPI, client: httpx.AsyncClient, user: User, client_at: ClientAt
) -> None:
    limit(app, failed_logins_per_address=3)

    statuses = [await log_in(client, f"user{n}@example.com") for n in range(5)]

    assert statuses == [401, 401, 401, 429, 429]
    assert await log_in(client, user.email, PASSWORD) == 429
    assert await log_in(client_at("198.51.100.1"), user.email, PASSWORD) == 200


async def test_the_current_password_can_be_tried_as_often_as_at_login(
    app: FastAPI, client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    limit(app, failed_logins=2)
    change = {"current_password": "a wrong guess", "new_password": "a new password"}
    await log_in(client, user.email)

    responses = [
        await client.put("/users/me/password", json=change, headers=token) for _ in range(2)
    ]

    assert [response.status_code for response in responses] == [403, 429]
    assert responses[1].json() == TOO_MANY_ATTEMPTS
    assert await log_in(client, user.email, PASSWORD) == 429


@pytest.mark.parametrize("address", ["ada@example.com", "nobody@example.com"])
async def test_the_sixth_reset_in_an_hour_returns_429_whether_or_not_the_email_is_known(
    client: httpx.AsyncClient, user: User, outbox: list[Email], address: str
) -> None:
    # It is the same account in any case.
    tries = [await ask_for_reset(client, address.upper() if n % 2 else address) for n in range(5)]
    sent = len(outbox)

    response = await client.post("/auth/password-reset", json={"email": address})

    assert tries == [202] * 5
    assert response.status_code == 429
    assert response.json() == TOO_MANY_ATTEMPTS
    assert response.headers["retry-after"] == "3600"
    assert len(outbox) == sent == (5 if address == user.email else 0)
    assert await log_in(client, user.email, PASSWORD) == 200


async def test_a_user_gets_no_more_verifications_than_resets(
    app: FastAPI, client: httpx.AsyncClient, user: User, token: dict[str, str], outbox: list[Email]
) -> None:
    limit(app, emails_per_account=2)
    assert await ask_for_reset(client, user.email) == 202

    responses = [await client.post("/auth/verify-email", headers=token) for _ in range(2)]

    assert [response.status_code for response in responses] == [202, 429]
    assert responses[1].json() == TOO_MANY_ATTEMPTS
    assert [email.subject for email in outbox] == ["Reset your password", "Verify your email"]


async def test_emails_to_many_accounts_are_counted_by_address(
    app: FastAPI, client: httpx.AsyncClient, client_at: ClientAt
) -> None:
    limit(app, emails_per_address=2)

    statuses = [await ask_for_reset(client, f"user{n}@example.com") for n in range(3)]

    assert statuses == [202, 202, 429]
    assert await ask_for_reset(client_at("198.51.100.1"), "user3@example.com") == 202


async def test_a_token_for_a_new_email_is_counted_like_one_that_is_asked_for(
    app: FastAPI, client: httpx.AsyncClient, user: User, token: dict[str, str], outbox: list[Email]
) -> None:
    limit(app, emails_per_account=1)
    emails = ["grace@example.com", "joan@example.com", "grace@example.com"]

    responses = [
        await client.patch(
            "/users/me", json={"email": email, "current_password": PASSWORD}, headers=token
        )
        for email in emails
    ]

    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[2].json() == TOO_MANY_ATTEMPTS
    assert [email.to for email in outbox] == emails[:2]
    me = await client.get("/users/me", headers=token)
    assert me.json()["email"] == "joan@example.com"


async def test_counters_expire_and_are_deleted(
    app: FastAPI, client: httpx.AsyncClient, session: AsyncSession, user: User
) -> None:
    limit(app, failed_logins=1)
    assert [await log_in(client, user.email) for _ in range(2)] == [401, 429]
    await session.execute(
        update(LoginCounter).values(expires_at=func.now() - text("interval '1s'"))
    )

    assert [await log_in(client, user.email) for _ in range(2)] == [401, 429]

    await session.execute(update(LoginCounter).values(expires_at=func.now()))
    assert await log_in(client, "grace@example.com") == 401
    # The address has a counter, and the other email two.
    assert await session.scalar(select(func.count()).select_from(LoginCounter)) == 3


@pytest.mark.parametrize("answer", [None, AccountDisabled])
async def test_a_right_password_that_comes_with_too_many_wrong_ones_gets_no_answer(
    app: FastAPI, session: AsyncSession, user: User, answer: type[AccountDisabled] | None
) -> None:
    limit(app, failed_logins=1)
    throttle = Throttle(session, app.state.settings, "192.0.2.1")

    async def attempt() -> None:
        async with throttle.attempt(user.email):
            with pytest.raises(InvalidCredentials):
                async with throttle.attempt(user.email):
                    raise InvalidCredentials
            if answer:
                raise answer

    with pytest.raises(TooManyAttempts):
        await attempt()


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("", ""),
    ],
)
def test_an_address_is_counted_with_its_network(host: str, network: str) -> None:
    assert network_of(host) == network
