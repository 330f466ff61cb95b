"""The fixtures keep what they promise."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.database import SessionDep, create_engine, get_session
from app.users.models import User
from app.users.service import create_user
from tests.app_under_test import PASSWORD
from tests.isolation import (
    ConcurrentRequestsError,
    ForeignDatabaseError,
    OuterTransactionError,
    SeparateConnectionError,
    isolated,
    restored,
)
from tests.postgres import Databases


@pytest.fixture
async def own_engine(databases: Databases) -> AsyncIterator[AsyncEngine]:
    """The engine of a database that a test may change for good."""
    url = await databases.clone()
    engine = create_engine(url)
    yield engine
    await engine.dispose()
    await databases.drop(url)


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


async def test_a_sequence_goes_on_in_the_next_test_where_it_stood_before(
    own_engine: AsyncEngine,
) -> None:
    async with own_engine.begin() as connection:
        await connection.execute(text("CREATE SEQUENCE unused START 5"))
        await connection.execute(text("CREATE SEQUENCE used"))
        await connection.execute(text("SELECT nextval('used')"))

    for _ in range(2):
        async with isolated(own_engine) as isolation:
            session = isolation.test_session
            assert await session.scalar(text("SELECT nextval('unused')")) == 5
            assert await session.scalar(text("SELECT nextval('used')")) == 2


async def test_nothing_of_a_connection_is_left_in_the_next_test(own_engine: AsyncEngine) -> None:
    state = text("""
        SELECT pg_backend_pid(), current_setting('search_path'),
               nullif(current_setting('app.user', true), ''), to_regclass('pg_temp.notes'),
               (SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
               (SELECT count(*) FROM pg_listening_channels()),
               (SELECT count(*) FROM pg_cursors WHERE name = 'held')
    """)
    async with isolated(own_engine) as isolation:
        clean = (await isolation.test_session.execute(state)).one()
    async with isolated(own_engine) as isolation:
        session = isolation.test_session
        for statement in (
            "SET search_path TO pg_catalog",
            "SELECT set_config('app.user', 'ada', false)",
            "CREATE TEMPORARY TABLE notes ()",
            "SELECT pg_advisory_lock(1)",
            "LISTEN notes",
            "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        ):
            await session.execute(text(statement))
        await session.commit()
        assert (await session.execute(state)).one()[1:] != clean[1:]

    async with isolated(own_engine) as isolation:
        assert (await isolation.test_session.execute(state)).one() == clean


async def test_a_test_that_breaks_its_connection_leaves_a_good_one_to_the_next(
    own_engine: AsyncEngine,
) -> None:
    async with isolated(own_engine) as isolation:
        with pytest.raises(DBAPIError):
            await isolation.test_session.execute(
                text("SELECT pg_terminate_backend(pg_backend_pid())")
            )

    async with isolated(own_engine) as isolation:
        assert await isolation.test_session.scalar(select(func.count()).select_from(User)) == 0


async def test_a_test_that_ends_in_a_failed_statement_leaves_a_good_connection_to_the_next(
    own_engine: AsyncEngine,
) -> None:
    async with isolated(own_engine) as isolation:
        with pytest.raises(DBAPIError):
            await isolation.test_session.execute(text("SELECT 1 / 0"))

    async with isolated(own_engine) as isolation:
        assert await isolation.test_session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize("statement", ["COMMIT", "  rollback; -- all of it", "END"])
async def test_a_statement_that_would_end_the_transaction_of_the_test_is_refused(
    session: AsyncSession, statement: str
) -> None:
    with pytest.raises(OuterTransactionError, match="Call the methods of the session"):
        await session.execute(text(statement))


async def test_a_database_that_is_not_one_of_the_tests_is_refused(app: FastAPI) -> None:
    with pytest.raises(ForeignDatabaseError, match="'production' is not one of the tests"):
        async with create_engine("postgresql+asyncpg:///production").connect():
            pass


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


async def test_what_a_test_gives_to_the_app_is_taken_back(app: FastAPI) -> None:
    with restored(app):
        app.dependency_overrides[get_session] = AsyncSession
        app.add_api_route("/mine", lambda: None)
        app.state.mine = True
        assert "/mine" in app.openapi()["paths"]

    assert app.dependency_overrides == {}
    assert "mine" not in app.state
    assert "/mine" not in app.openapi()["paths"]


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


async def test_each_clone_is_a_database_of_its_own(databases: Databases) -> None:
    urls = [await databases.clone() for _ in range(3)]

    assert len(set(urls)) == 3
    for url in urls:
        await databases.drop(url)


async def test_a_change_to_what_the_app_has_changed_since_says_how_to_mend_it(
    session: AsyncSession, client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)
    user.full_name = "Grace"

    with pytest.raises(StaleDataError) as caught:
        await client.get("/users/me", headers=token)

    assert "refresh" in caught.value.__notes__[0]
