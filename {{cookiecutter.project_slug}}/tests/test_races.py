"""What has to hold for simultaneous requests, too."""

import asyncio
from collections import Counter

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.mail import Email
from app.security import hash_password, password_context, verify_password
from app.users.models import User
from tests.app_under_test import PASSWORD, bearer
from tests.factories import UserFactory


@pytest.fixture
async def racer(concurrent_session: AsyncSession) -> User:
    """A user in the database of `concurrent_client`."""
    return await UserFactory.add(concurrent_session)


async def wait_for_a_lock(session: AsyncSession) -> None:
    """Wait until another connection waits for a row that this session has changed."""
    waiting = text(
        "SELECT count(*) FROM pg_locks"
        " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    )
    async with asyncio.timeout(5):
        while not await session.scalar(waiting):
            pass


async def test_one_of_twenty_simultaneous_registrations_wins(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    payload = {"email": "ada@example.com", "password": PASSWORD}

    responses = await asyncio.gather(
        *(concurrent_client.post("/auth/register", json=payload) for _ in range(20))
    )

    assert Counter(r.status_code for r in responses) == {201: 1, 409: 19}
    stored = select(User.email).where(User.email == payload["email"])
    assert (await concurrent_session.scalars(stored)).all() == ["ada@example.com"]


async def test_one_of_twenty_changes_to_the_same_version_wins(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession, racer: User
) -> None:
    responses = await asyncio.gather(
        *(
            concurrent_client.patch(
                "/users/me",
                json={"full_name": f"Ada {n}", "version": racer.version},
                headers=bearer(racer),
            )
            for n in range(20)
        )
    )

    assert Counter(r.status_code for r in responses) == {200: 1, 409: 19}
    [winner] = [r.json() for r in responses if r.status_code == 200]
    await concurrent_session.refresh(racer)
    assert (racer.full_name, racer.version) == (winner["full_name"], winner["version"])


async def test_one_of_five_simultaneous_password_changes_wins(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession, racer: User
) -> None:
    passwords = [f"a new password {n}" for n in range(5)]

    responses = await asyncio.gather(
        *(
            concurrent_client.put(
                "/users/me/password",
                json={"current_password": PASSWORD, "new_password": password},
                headers=bearer(racer),
            )
            for password in passwords
        )
    )

    # One that comes late enough finds that its token has ended.
    statuses = [r.status_code for r in responses]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 401, 409}
    await concurrent_session.refresh(racer)
    assert await verify_password(passwords[statuses.index(200)], racer.password_hash)


async def test_a_refresh_token_that_two_requests_use_at_once_ends_its_login(
    concurrent_client: httpx.AsyncClient, racer: User
) -> None:
    login = await concurrent_client.post(
        "/auth/login", data={"username": racer.email, "password": PASSWORD}
    )
    body = {"refresh_token": login.json()["refresh_token"]}

    responses = await asyncio.gather(
        *(concurrent_client.post("/auth/refresh", json=body) for _ in range(2))
    )

    assert Counter(r.status_code for r in responses) == {200: 1, 401: 1}
    [winner] = [r.json() for r in responses if r.status_code == 200]
    again = await concurrent_client.post(
        "/auth/refresh", json={"refresh_token": winner["refresh_token"]}
    )
    assert again.status_code == 401


async def test_one_of_two_simultaneous_password_resets_wins(
    concurrent_client: httpx.AsyncClient, racer: User, outbox: list[Email]
) -> None:
    await concurrent_client.post("/auth/password-reset", json={"email": racer.email})
    token = outbox[0].text.split()[-1]

    responses = await asyncio.gather(
        *(
            concurrent_client.post(
                "/auth/password-reset/confirm",
                json={"token": token, "new_password": f"a new password {n}"},
            )
            for n in range(2)
        )
    )

    # The second one is refused by the database, or by the token if it comes late enough.
    statuses = [r.status_code for r in responses]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 403, 409}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/users/me", {"full_name": "Grace"}),
        ("PUT", "/users/me/password", {"current_password": PASSWORD, "new_password": "a new one"}),
        ("DELETE", "/users/me", {"current_password": PASSWORD}),
    ],
)
async def test_a_request_that_is_overtaken_by_another_one_returns_409(
    concurrent_client: httpx.AsyncClient,
    concurrent_session: AsyncSession,
    racer: User,
    method: str,
    path: str,
    body: dict[str, str],
) -> None:
    racer.full_name = "Ada"
    await concurrent_session.flush()

    async with asyncio.TaskGroup() as tasks:
        overtaken = tasks.create_task(
            concurrent_client.request(method, path, json=body, headers=bearer(racer))
        )
        await wait_for_a_lock(concurrent_session)
        await concurrent_session.commit()

    assert overtaken.result().status_code == 409
    assert overtaken.result().json()["type"] == "/problems/changed-meanwhile"
    await concurrent_session.refresh(racer)
    assert racer.full_name == "Ada"


async def test_a_login_does_not_restore_a_password_that_was_just_changed(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession, racer: User
) -> None:
    parameters = password_context.to_dict()
    new_hash = await hash_password("a new password")
    await concurrent_session.execute(update(User).values(password_hash=new_hash))
    password_context.update(argon2__time_cost=2)
    try:
        async with asyncio.TaskGroup() as tasks:
            login = tasks.create_task(
                concurrent_client.post(
                    "/auth/login", data={"username": racer.email, "password": PASSWORD}
                )
            )
            await wait_for_a_lock(concurrent_session)
            await concurrent_session.commit()
    finally:
        password_context.load(parameters)

    assert login.result().status_code == 200
    await concurrent_session.refresh(racer)
    assert racer.password_hash == new_hash
