"""What has to hold if a request is interrupted, too.

`interruptions` runs a request once for each place where it can be interrupted: its client has left,
or the database has ended the connection. It fails if the request was done in part, if a connection
or a task is left behind, or if the next request does not work.
"""

from collections.abc import Awaitable

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User
from tests.app_under_test import PASSWORD, bearer
from tests.exploration.interruptions import Interruptions
from tests.factories import UserFactory


@pytest.fixture
async def racer(concurrent_session: AsyncSession) -> User:
    """A user in the database of `concurrent_client`."""
    return await UserFactory.add(concurrent_session)


async def test_a_registration_is_done_or_not(
    concurrent_client: httpx.AsyncClient, interruptions: Interruptions
) -> None:
    payload = {"email": "ada@example.com", "password": PASSWORD}

    def register() -> Awaitable[httpx.Response]:
        return concurrent_client.post("/auth/register", json=payload)

    interrupted = await interruptions(register)

    assert interrupted.outcomes == {(201,), (503,), ("CancelledError",)}


async def test_a_change_of_the_profile_is_done_or_not(
    concurrent_client: httpx.AsyncClient, racer: User, interruptions: Interruptions
) -> None:
    body = {"full_name": "Grace"}

    def change() -> Awaitable[httpx.Response]:
        return concurrent_client.patch("/users/me", json=body, headers=bearer(racer))

    interrupted = await interruptions(change)

    assert interrupted.outcomes == {(200,), (503,), ("CancelledError",)}


async def test_a_deletion_is_done_or_not(
    concurrent_client: httpx.AsyncClient, racer: User, interruptions: Interruptions
) -> None:
    body = {"current_password": PASSWORD}

    def delete() -> Awaitable[httpx.Response]:
        return concurrent_client.request("DELETE", "/users/me", json=body, headers=bearer(racer))

    interrupted = await interruptions(delete)

    assert interrupted.outcomes == {(204,), (503,), ("CancelledError",)}
