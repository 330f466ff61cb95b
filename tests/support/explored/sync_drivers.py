"""Calls of drivers without async, in threads, and of psycopg's async connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

Deposit = Callable[[int, str], Callable[[], Awaitable[None]]]

CREATE = "CREATE TABLE accounts (id int PRIMARY KEY, balance int)"
READ = "SELECT balance FROM accounts WHERE id = 1 "
WRITE = text("UPDATE accounts SET balance = :new WHERE id = 1")


@pytest.fixture(params=["psycopg", "psycopg2", "psycopg_async"])
async def deposit(request: pytest.FixtureRequest, isolation: Any) -> AsyncIterator[Deposit]:
    async with isolation.engine.begin() as connection:
        await connection.execute(text(CREATE))
        await connection.execute(text("INSERT INTO accounts VALUES (1, 100)"))
    driver = request.param.removesuffix("_async")
    url = isolation.database_url.replace("asyncpg", driver)

    def in_thread(amount: int, lock: str) -> Callable[[], Awaitable[None]]:
        def work() -> None:
            with engine.begin() as connection:
                balance = connection.execute(text(READ + lock)).scalar_one()
                connection.execute(WRITE, {"new": balance + amount})

        return lambda: asyncio.to_thread(work)

    def on_loop(amount: int, lock: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            async with async_engine.begin() as connection:
                balance = (await connection.execute(text(READ + lock))).scalar_one()
                await connection.execute(WRITE, {"new": balance + amount})

        return work

    if request.param == "psycopg_async":
        async_engine = create_async_engine(url)
        yield on_loop
        await async_engine.dispose()
    else:
        engine = create_engine(url)
        yield in_thread
        engine.dispose()


async def test_found(interleavings: Any, deposit: Deposit) -> None:
    with pytest.raises(AssertionError) as told:
        await interleavings(deposit(10, ""), deposit(20, ""))

    assert str(told.value).startswith(
        "4 of 8 schedules are not as they should be.\n\n"
        "A2|B*|A comes to what no serial run comes to.\n"
    )


async def test_good(interleavings: Any, deposit: Deposit) -> None:
    explored = await interleavings(deposit(10, "FOR UPDATE"), deposit(20, "FOR UPDATE"))

    waits = {
        run.name: [(wait.letter, wait.others) for wait in run.waits] for run in explored.schedules
    }
    assert waits == {
        "A1|B*|A": [],
        "A2|B*|A": [("B", "A")],
        "A3|B*|A": [("B", "A")],
        "B1|A*|B": [],
        "B2|A*|B": [("A", "B")],
        "B3|A*|B": [("A", "B")],
    }
