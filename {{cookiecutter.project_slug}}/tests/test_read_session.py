from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from app.database import get_read_session
from app.users.models import User

read_session = asynccontextmanager(get_read_session)


@pytest.fixture
def request_to_app(app: FastAPI) -> HTTPConnection:
    return HTTPConnection({"type": "http", "app": app})


async def test_a_read_session_sees_what_has_been_committed(
    request_to_app: HTTPConnection, user: User
) -> None:
    async with read_session(request_to_app) as session:
        emails = list(await session.scalars(select(User.email)))

    assert user.email in emails


async def test_a_write_through_a_read_session_is_an_error(
    request_to_app: HTTPConnection, user: User, session: AsyncSession
) -> None:
    async with read_session(request_to_app) as reading:
        with pytest.raises(DBAPIError, match="cannot execute UPDATE in a read-only transaction"):
            await reading.execute(text("UPDATE users SET is_active = false"))

    await session.refresh(user)
    assert user.is_active


@pytest.mark.real_commits
async def test_a_read_session_that_loses_its_connection_is_closed_all_the_same(
    app: FastAPI, request_to_app: HTTPConnection
) -> None:
    async with read_session(request_to_app) as reading, app.state.sessionmaker() as other:
        server = await reading.scalar(select(func.pg_backend_pid()))
        await other.execute(select(func.pg_terminate_backend(server, 1000)))

    async with read_session(request_to_app) as reading:
        assert await reading.scalar(select(1)) == 1


@pytest.mark.real_commits
async def test_the_connection_of_a_read_session_can_write_for_the_next_one(
    app: FastAPI, request_to_app: HTTPConnection, user: User
) -> None:
    async with read_session(request_to_app) as session:
        await session.get(User, user.id)

    async with app.state.sessionmaker() as session:
        await session.execute(text("UPDATE users SET full_name = 'Ada'"))
        await session.commit()
