"""Calls of drivers without async, in threads, and of psycopg's async connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tests.exploration.expected import HALF
from tests.exploration.interruptions import Interruptions

Write = Callable[..., Awaitable[None]]

TAKE = "UPDATE accounts SET balance = balance - 1 WHERE id = 1"
GIVE = "UPDATE accounts SET balance = balance + 1 WHERE id = 2"

pytestmark = pytest.mark.real_commits


@pytest.fixture(params=["psycopg", "psycopg2", "psycopg_async"])
async def write(
    request: pytest.FixtureRequest, engine: AsyncEngine, session: AsyncSession
) -> AsyncIterator[Write]:
    """Executes statements in one transaction."""
    await session.execute(text("CREATE TABLE accounts (id int PRIMARY KEY, balance int)"))
    await session.execute(text("INSERT INTO accounts VALUES (1, 10), (2, 0)"))
    await session.commit()
    url = engine.url.set(drivername=f"postgresql+{request.param.removesuffix('_async')}")
    if request.param == "psycopg_async":
        on_loop = create_async_engine(url)

        async def write(*statements: str) -> None:
            async with on_loop.begin() as connection:
                for statement in statements:
                    await connection.execute(text(statement))

        yield write
        await on_loop.dispose()
        return
    in_thread = create_engine(url)

    def work(*statements: str) -> None:
        # A thread may begin late, when the call has been cancelled long ago.
        time.sleep(0.05)
        with in_thread.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    yield lambda *statements: asyncio.to_thread(work, *statements)
    in_thread.dispose()


async def test_good(interruptions: Interruptions, write: Write) -> None:
    explored = await interruptions(lambda: write(TAKE, GIVE))

    names = [one.name for one in explored.schedules if not one.name.startswith("cancel")]
    assert names == ["kill@1", "kill@2", "kill@3", "commit@1"]
    assert {one.ending.error is None for one in explored.schedules[-4:]} == {False}
    assert explored.schedules[0].name == "cancel@1"


async def test_found(interruptions: Interruptions, write: Write) -> None:
    async def transfer() -> None:
        await write(TAKE)
        await write(GIVE)

    explored: Any = await interruptions._explore(transfer, None, {})

    problems = {one.attempt.name: one.problems for one in explored.findings}
    assert problems["kill@3"] == problems["kill@4"] == problems["commit@1"] == [HALF]
    assert not {"kill@1", "kill@2", "commit@2"} & problems.keys()
    assert any(name.startswith("cancel") for name in problems)
