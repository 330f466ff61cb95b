"""The fixtures keep what they promise."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep, create_engine, get_session
from app.users.models import User
from app.users.service import create_user
from tests.conftest import PASSWORD
from tests.isolation import ConcurrentRequestsError, SeparateConnectionError


@pytest.mark.parametrize("run", ["first", "second"])
async def test_the_rows_of_one_test_are_not_there_in_the_next(
    session: AsyncSession, client: httpx.AsyncClient, run: str
) -> None:
    assert await session.scalar(select(func.count()).select_from(User)) == 0
    await create_user(session, email="ada@example.com", password=PASSWORD)
    await client.post("/auth/register", json={"email": "grace@example.com", "password": PASSWORD})
    await session.commit()


async def test_the_rows_of_a_test_outlive_a_rollback_of_the_app(
    session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    response = await client.post("/auth/register", json={"email": user.email, "password": PASSWORD})

    assert response.status_code == 409
    assert (await session.scalars(select(User.email))).all() == [user.email]


async def test_a_rollback_of_the_test_keeps_what_the_app_has_committed(
    session: AsyncSession, client: httpx.AsyncClient
) -> None:
    assert (await session.scalars(select(User))).all() == []
    await client.post("/auth/register", json={"email": "ada@example.com", "password": PASSWORD})

    await session.rollback()

    assert (await session.scalars(select(User.email))).all() == ["ada@example.com"]


@pytest.mark.gate_allow("database", reason="the test is about a forgotten commit")
async def test_what_the_app_does_not_commit_is_not_there(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    @app.post("/forget")
    async def forget(session: SessionDep) -> None:
        await create_user(session, email="ada@example.com", password=PASSWORD)

    assert (await client.post("/forget")).status_code == 200

    assert (await session.scalars(select(User))).all() == []


async def test_the_session_of_the_app_is_not_the_one_of_the_test(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    loaded: list[User] = []

    @app.get("/load")
    async def load(session: SessionDep) -> None:
        loaded.extend(await session.scalars(select(User)))

    assert (await client.get("/load")).status_code == 200

    assert [other.id for other in loaded] == [user.id]
    assert loaded[0] is not user


async def test_the_session_of_the_test_sees_what_the_app_has_changed(
    session: AsyncSession, client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)

    assert await session.scalar(select(User)) is user
    assert user.full_name == "Ada"


async def test_a_session_behind_the_back_of_get_session_lands_in_the_same_transaction(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    @app.post("/behind")
    async def behind() -> None:
        async with app.state.sessionmaker() as other:
            await create_user(other, email="ada@example.com", password=PASSWORD)
            await other.commit()

    assert (await client.post("/behind")).status_code == 200

    assert (await session.scalars(select(User.email))).all() == ["ada@example.com"]


@pytest.mark.gate_allow("requests", reason="the refusal is an error of the app")
async def test_a_connection_behind_the_back_of_get_session_is_refused(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    @app.get("/behind")
    async def behind() -> None:
        async with create_engine(app.state.settings.database_url).connect():
            pass

    with pytest.raises(SeparateConnectionError, match=r"Take a session from `get_session`"):
        await client.get("/behind")


@pytest.mark.gate_allow("requests", reason="the refusal is an error of the app's dependency")
async def test_two_requests_at_once_on_client_are_refused(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    responses = await asyncio.gather(
        *(client.get("/users/me", headers=token) for _ in range(2)), return_exceptions=True
    )

    refused = [r for r in responses if isinstance(r, ConcurrentRequestsError)]
    assert len(refused) == 1
    assert "Use the `concurrent_client` fixture." in str(refused[0])


async def test_no_override_is_left_behind(app: FastAPI) -> None:
    assert app.dependency_overrides == {}


async def test_client_overrides_the_session_of_the_app(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    assert list(app.dependency_overrides) == [get_session]


async def test_concurrent_client_commits_to_a_database_of_its_own(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession, session: AsyncSession
) -> None:
    response = await concurrent_client.post(
        "/auth/register", json={"email": "ada@example.com", "password": PASSWORD}
    )

    assert response.status_code == 201
    assert (await concurrent_session.scalars(select(User.email))).all() == ["ada@example.com"]
    assert (await session.scalars(select(User))).all() == []
