"""Defects for the tests of the command line."""

import importlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

CREATE = "CREATE TABLE counters (name text PRIMARY KEY, value int)"
INSERT = "INSERT INTO counters VALUES ('visits', 0)"
SELECT = "SELECT value FROM counters WHERE name = 'visits'"

FUNCTION = """
    CREATE FUNCTION counted(n int) RETURNS void LANGUAGE sql
    AS $$ UPDATE counters SET value = n $$
"""


def say(explored: Any) -> None:
    sys.stdout.write(f"ran {[run.name for run in explored.schedules]}\n")


@pytest.fixture
async def count(isolation: Any) -> Callable[[], Awaitable[None]]:
    async with isolation.engine.begin() as connection:
        await connection.execute(text(CREATE))
        await connection.execute(text(INSERT))

    async def call() -> None:
        async with isolation.engine.begin() as connection:
            value = (await connection.execute(text(SELECT))).scalar_one()
            await connection.execute(text("SELECT 1"))
            await connection.execute(text("UPDATE counters SET value = :n"), {"n": value + 1})

    return call


async def test_counter(interleavings: Any, count: Callable[[], Awaitable[None]]) -> None:
    explored = await interleavings(count, count)
    say(explored)


async def test_function(
    interleavings: Any, isolation: Any, count: Callable[[], Awaitable[None]]
) -> None:
    await count()
    async with isolation.engine.begin() as connection:
        await connection.execute(text(FUNCTION))

    async def call() -> None:
        async with isolation.engine.begin() as connection:
            value = (await connection.execute(text(SELECT))).scalar_one()
            await connection.execute(text("SELECT counted(:n)"), {"n": value + 1})

    await interleavings(call, call)


async def test_accepted(interleavings: Any, count: Callable[[], Awaitable[None]]) -> None:
    accept = {("returned", "returned"): "a few visits may be lost"}
    explored = await interleavings(count, count, accept=accept)
    say(explored)


async def test_blocked(
    interleavings: Any, count: Callable[[], Awaitable[None]], concurrent_client: Any, app: Any
) -> None:
    app.include_router(importlib.import_module("app.naps").router)

    async def call() -> None:
        await count()
        await concurrent_client.get("/nap")

    await interleavings(call, call, accept={("returned", "returned"): "see above"})


async def test_long(interleavings: Any, isolation: Any) -> None:
    small = create_async_engine(isolation.database_url, pool_size=1, max_overflow=0)

    async def call() -> None:
        async with small.begin() as connection:
            await connection.execute(text("SELECT 1"))
            await connection.execute(text("SELECT 2"))

    # Each call waits for the pool, which takes a second each time.
    explored = await interleavings(call, call)
    await small.dispose()
    say(explored)
