"""What a request gets from a database that is slow, full, broken or not migrated."""

import asyncio
import logging
import traceback
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import TextClause, insert, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import Limits
from app.database import SessionDep, create_engine
from app.errors import add_error_handlers
from app.users.models import User
from tests.app_under_test import PASSWORD

UNAVAILABLE = {
    "type": "/problems/database-unavailable",
    "title": "Database unavailable",
    "status": 503,
    "detail": "The database does not respond.",
}
NOT_MIGRATED = {
    "type": "/problems/database-not-migrated",
    "title": "Database not migrated",
    "status": 503,
    "detail": "The database lacks migrations of this version: `alembic upgrade head` applies them.",
}
REGISTRATION = {"email": "ada@example.com", "password": PASSWORD}
SECRET = "$argon2id$v=19$m=8,t=1,p=1$c2VjcmV0"

expects_503 = pytest.mark.gate_allow("requests.5xx", reason="the database fails")


def assert_unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json() == UNAVAILABLE
    assert response.headers["retry-after"] == "1"


# Limits


@pytest.fixture
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "1")
    monkeypatch.setenv("DATABASE_MAX_OVERFLOW", "0")
    monkeypatch.setenv("DATABASE_POOL_TIMEOUT", "0.05")
    monkeypatch.setenv("DATABASE_LOCK_TIMEOUT", "0.05")


@expects_503
@pytest.mark.usefixtures("short_limits")
async def test_a_lock_is_not_waited_for_longer_than_its_limit(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    await concurrent_session.execute(text("LOCK TABLE users"))

    assert_unavailable(await concurrent_client.post("/auth/register", json=REGISTRATION))


@expects_503
@pytest.mark.usefixtures("short_limits")
async def test_a_free_connection_is_not_waited_for_longer_than_its_limit(
    concurrent_client: httpx.AsyncClient, concurrent_app: FastAPI
) -> None:
    async with concurrent_app.state.sessionmaker() as session:
        await session.connection()

        assert_unavailable(await concurrent_client.post("/auth/register", json=REGISTRATION))


@pytest.mark.real_commits
async def test_every_transaction_has_limits(app: FastAPI) -> None:
    async with app.state.sessionmaker() as session:
        for _ in range(2):
            limits = await session.execute(
                text(
                    "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), "
                    "current_setting('idle_in_transaction_session_timeout')"
                )
            )
            assert limits.one() == ("10s", "3s", "30s")
            await session.commit()


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "0.05")
    monkeypatch.setattr("app.database.GRACE_S", 0.05)


@expects_503
@pytest.mark.usefixtures("little_patience")
async def test_a_server_that_does_not_keep_the_limit_of_a_statement_is_given_up(
    concurrent_client: httpx.AsyncClient,
    concurrent_app: FastAPI,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @concurrent_app.get("/hanging")
    async def hang(session: SessionDep) -> None:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        await session.execute(text("SELECT pg_sleep(60)"))

    assert_unavailable(await concurrent_client.get("/hanging"))
    assert "/hanging: the server did not respond in time" in caplog.text


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(stay_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        engine = create_engine(
            f"postgresql://nobody@127.0.0.1:{port}/pytest_none",
            Limits(database_connect_timeout=0.05),
        )
        with pytest.raises(DBAPIError, match="TimeoutError"):
            await engine.connect()


# Failures


@expects_503
@pytest.mark.parametrize(
    "sqlstate",
    ["08006", "25006", "28P01", "3D000", "40001", "40P01", "53100", "53300", "55P03", "57P01"],
)
async def test_an_error_that_passes_is_503_in_one_line_of_the_log(
    app: FastAPI, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, sqlstate: str
) -> None:
    @app.get("/failing")
    async def fail(session: SessionDep) -> None:
        await session.execute(_raising(sqlstate))

    assert_unavailable(await client.get("/failing"))
    (record,) = (record for record in caplog.records if record.name == "app.errors")
    assert record.getMessage() == "DatabaseUnavailable: /failing: it failed"
    assert record.levelno == logging.ERROR
    assert record.exc_info is None


@pytest.mark.gate_allow("requests.5xx", reason="the endpoint has a bug")
@pytest.mark.parametrize("sqlstate", ["22012", "42601", "42P01", "P0001"])
async def test_an_error_of_the_app_is_500(
    app: FastAPI, client: httpx.AsyncClient, sqlstate: str
) -> None:
    @app.get("/failing")
    async def fail(session: SessionDep) -> None:
        await session.execute(_raising(sqlstate))

    with pytest.raises(DBAPIError):
        await client.get("/failing")


async def test_a_table_that_another_app_misses_is_500(session: AsyncSession) -> None:
    other = FastAPI()
    add_error_handlers(other)

    @other.get("/failing")
    async def fail() -> None:
        await session.execute(_raising("42P01"))

    transport = httpx.ASGITransport(other)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with pytest.raises(DBAPIError, match="it failed"):
            await client.get("/failing")


def _raising(sqlstate: str) -> TextClause:
    return text(f"DO $$ BEGIN RAISE 'it failed' USING ERRCODE = '{sqlstate}'; END $$")


@expects_503
@pytest.mark.real_commits
async def test_an_error_at_the_commit_is_503_too(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await session.execute(
        text(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'it failed' USING ERRCODE = 'disk_full'; END $$"
        )
    )
    await session.execute(
        text(
            "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    )
    await session.commit()

    assert_unavailable(await client.post("/auth/register", json=REGISTRATION))


@expects_503
async def test_a_server_that_stops_within_a_transaction_is_503(
    concurrent_client: httpx.AsyncClient, concurrent_app: FastAPI
) -> None:
    message = b"SFATAL\0C57P01\0Mit stops\0\0"

    @concurrent_app.get("/stopping")
    async def stop(session: SessionDep) -> None:
        await session.execute(text("SELECT 1"))
        connection: Any = await (await session.connection()).get_raw_connection()
        # Between two statements, when the driver expects no message, and before the end follows.
        connection.driver_connection._protocol.data_received(
            b"E" + (len(message) + 4).to_bytes(4, "big") + message
        )
        await session.execute(text("SELECT 1"))

    assert_unavailable(await concurrent_client.get("/stopping"))


async def test_a_server_that_is_not_what_the_url_demands_is_not_used(
    concurrent_app: FastAPI,
) -> None:
    url = make_url(concurrent_app.state.settings.database_url)
    url = url.update_query_dict({"target_session_attrs": "standby"})
    engine = create_engine(url.render_as_string(hide_password=False))

    with pytest.raises(DBAPIError, match="target attribute requirement"):
        await engine.connect()


async def test_a_connection_that_was_closed_in_the_pool_is_replaced(
    concurrent_client: httpx.AsyncClient, concurrent_app: FastAPI
) -> None:
    async with concurrent_app.state.sessionmaker() as session:
        connection = (await (await session.connection()).get_raw_connection()).driver_connection
    connection.terminate()

    response = await concurrent_client.post("/auth/register", json=REGISTRATION)

    assert response.status_code == 201


# Migrations


@expects_503
async def test_an_app_whose_tables_are_missing_is_not_ready(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    await session.execute(text("DELETE FROM alembic_version"))
    await session.execute(text("ALTER TABLE users RENAME TO unknown"))
    await session.commit()

    for path in ("/health/ready", "/users/me"):
        response = await client.get(path, headers=token)
        assert response.status_code == 503
        assert response.json() == NOT_MIGRATED
        assert response.headers["retry-after"] == "1"


@expects_503
async def test_a_database_without_any_migration_is_not_ready(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await session.execute(text("ALTER TABLE alembic_version RENAME TO unknown"))
    await session.commit()

    response = await client.get("/health/ready")
    assert response.status_code == 503
    assert response.json() == NOT_MIGRATED


@expects_503
async def test_migrations_that_can_not_be_read_are_not_called_missing(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await session.execute(text("ALTER TABLE alembic_version RENAME TO unknown"))
    await session.execute(text("CREATE TYPE alembic_version AS (version_num text)"))
    await session.commit()

    assert_unavailable(await client.get("/health/ready"))


async def test_an_app_is_ready_while_the_next_version_migrates(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await session.execute(text("UPDATE alembic_version SET version_num = 'of the next version'"))
    await session.commit()

    response = await client.get("/health/ready")
    assert response.status_code == 200


# Secrets


@pytest.mark.parametrize(
    "values",
    [
        {"email": None, "password_hash": SECRET},
        {"email": "ada@example.com", "password_hash": SECRET * 9},
        {"email": "ada@example.com", "password_hash": SECRET, "full_name": "a\0b"},
        {"email": "ada@example.com", "password_hash": [SECRET]},
        {"email": "ada@example.com", "password_hash": SECRET, "id": SECRET},
    ],
    ids=["a row with a null", "a long value", "a NUL", "a wrong type", "no UUID"],
)
async def test_an_error_has_no_values(app: FastAPI, values: dict[str, object]) -> None:
    async with app.state.sessionmaker() as session:
        with pytest.raises(DBAPIError) as caught:
            await session.execute(insert(User), values)

    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_an_error_has_no_values_of_another_row(app: FastAPI, user: User) -> None:
    async with app.state.sessionmaker() as session:
        session.add(User(email=user.email.upper(), password_hash=SECRET))
        with pytest.raises(DBAPIError) as caught:
            await session.commit()

    assert user.email not in "".join(traceback.format_exception(caught.value))
