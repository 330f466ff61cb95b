"""What has to hold for simultaneous requests, too.

`interleavings` runs requests in every order of their statements, each time in a fresh copy of the
database, and fails if one does not end as they would one after the other.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.mail import Email
from app.security import password_context
from app.users.models import User
from tests.app_under_test import PASSWORD, bearer
from tests.exploration.interleavings import Interleavings
from tests.factories import UserFactory

NEW = "a new password"

Request = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
async def racer(concurrent_session: AsyncSession) -> User:
    """A user in the database of `concurrent_client`."""
    return await UserFactory.add(concurrent_session)


@pytest.fixture
def change(concurrent_client: httpx.AsyncClient, racer: User) -> Request:
    body = {"full_name": "Grace"}
    return lambda: concurrent_client.patch("/users/me", json=body, headers=bearer(racer))


@pytest.fixture
def change_password(concurrent_client: httpx.AsyncClient, racer: User) -> Request:
    body = {"current_password": PASSWORD, "new_password": NEW}
    return lambda: concurrent_client.put("/users/me/password", json=body, headers=bearer(racer))


@pytest.fixture
def delete(concurrent_client: httpx.AsyncClient, racer: User) -> Request:
    body = {"current_password": PASSWORD}
    return lambda: concurrent_client.request(
        "DELETE", "/users/me", json=body, headers=bearer(racer)
    )


@pytest.fixture
def log_in(concurrent_client: httpx.AsyncClient, racer: User) -> Request:
    form = {"username": racer.email, "password": PASSWORD}
    return lambda: concurrent_client.post("/auth/login", data=form)


async def test_one_of_twenty_simultaneous_registrations_wins(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    """A race as it happens. It finds what happens often."""
    payload = {"email": "ada@example.com", "password": PASSWORD}

    responses = await asyncio.gather(
        *(concurrent_client.post("/auth/register", json=payload) for _ in range(20))
    )

    assert Counter(r.status_code for r in responses) == {201: 1, 409: 19}
    stored = select(User.email).where(User.email == payload["email"])
    assert (await concurrent_session.scalars(stored)).all() == ["ada@example.com"]


async def test_one_of_two_registrations_wins(
    concurrent_client: httpx.AsyncClient, interleavings: Interleavings
) -> None:
    payload = {"email": "ada@example.com", "password": PASSWORD}

    def register() -> Awaitable[httpx.Response]:
        return concurrent_client.post("/auth/register", json=payload)

    explored = await interleavings(register, register)

    assert explored.outcomes == {(201, 409), (409, 201)}


async def test_one_of_two_changes_to_the_same_version_wins(
    concurrent_client: httpx.AsyncClient, racer: User, interleavings: Interleavings
) -> None:
    def change_to(name: str) -> Request:
        body = {"full_name": name, "version": racer.version}
        return lambda: concurrent_client.patch("/users/me", json=body, headers=bearer(racer))

    explored = await interleavings(change_to("Ada"), change_to("Grace"))

    assert explored.outcomes == {(200, 409), (409, 200)}


async def test_a_change_is_not_lost_to_another_one(
    concurrent_client: httpx.AsyncClient,
    racer: User,
    change: Request,
    interleavings: Interleavings,
) -> None:
    body = {"email": "grace@example.com", "current_password": PASSWORD}

    def change_email() -> Awaitable[httpx.Response]:
        return concurrent_client.patch("/users/me", json=body, headers=bearer(racer))

    explored = await interleavings(change, change_email)

    # One that is overtaken by the other changes nothing.
    assert explored.outcomes == {(200, 200), (200, 409), (409, 200)}


async def test_one_of_two_password_changes_wins(
    change_password: Request, interleavings: Interleavings
) -> None:
    explored = await interleavings(change_password, change_password)

    # One that comes late enough finds that its token has ended.
    assert explored.outcomes == {(200, 401), (401, 200), (200, 409), (409, 200)}


@pytest.fixture
def _hashes_are_renewed_at_login(racer: User) -> Iterator[None]:
    parameters = password_context.to_dict()
    password_context.update(argon2__time_cost=2)
    yield
    password_context.load(parameters)


@pytest.mark.usefixtures("_hashes_are_renewed_at_login")
async def test_a_login_does_not_restore_a_password_that_was_just_changed(
    change_password: Request, log_in: Request, interleavings: Interleavings
) -> None:
    explored = await interleavings(log_in, change_password)

    assert (200, 200) in explored.outcomes


async def test_a_deleted_account_is_not_changed(
    delete: Request, change: Request, interleavings: Interleavings
) -> None:
    explored = await interleavings(delete, change)

    assert explored.outcomes == {(204, 401), (204, 409), (204, 200), (409, 200)}


async def test_a_refresh_token_that_two_requests_use_at_once_ends_its_login(
    concurrent_client: httpx.AsyncClient, log_in: Request, interleavings: Interleavings
) -> None:
    body = {"refresh_token": (await log_in()).json()["refresh_token"]}

    def refresh() -> Awaitable[httpx.Response]:
        return concurrent_client.post("/auth/refresh", json=body)

    explored = await interleavings(refresh, refresh)

    assert explored.outcomes == {(200, 401), (401, 200)}


async def test_one_of_two_password_resets_wins(
    concurrent_client: httpx.AsyncClient,
    racer: User,
    outbox: list[Email],
    interleavings: Interleavings,
) -> None:
    await concurrent_client.post("/auth/password-reset", json={"email": racer.email})
    token = outbox[0].text.split()[-1]

    def reset_to(password: str) -> Request:
        body = {"token": token, "new_password": password}
        return lambda: concurrent_client.post("/auth/password-reset/confirm", json=body)

    explored = await interleavings(reset_to("a new password"), reset_to("another password"))

    # One that comes late enough finds that the token was used.
    assert explored.outcomes == {(204, 403), (403, 204), (204, 409), (409, 204)}
