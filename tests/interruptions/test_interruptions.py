"""What an interruption leaves behind is judged by what the call comes to uninterrupted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from tests.exploration.interruptions import Interruptions
from tests.exploration.explored import ExplorationError

SCHEMA = """
    CREATE TABLE accounts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        balance int NOT NULL,
        opened timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""

pytestmark = pytest.mark.real_commits


@pytest.fixture(autouse=True)
async def _accounts(session: AsyncSession) -> None:
    await session.execute(text(SCHEMA))
    await session.execute(text("INSERT INTO accounts (name, balance) VALUES ('a', 10), ('b', 0)"))


class Bank:
    """What the calls do to the accounts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def execute(self, *statements: str) -> None:
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))


@pytest.fixture
def bank(engine: AsyncEngine) -> Bank:
    return Bank(engine)


TAKE = "UPDATE accounts SET balance = balance - 1 WHERE name = 'a'"
GIVE = "UPDATE accounts SET balance = balance + 1 WHERE name = 'b'"
OPEN = "INSERT INTO accounts (name, balance) VALUES ('c', 0)"


async def findings(
    interruptions: Interruptions, call: Callable[[], Awaitable[Any]], **options: Any
) -> dict[str, list[str]]:
    """What is found, by the name of the interruption."""
    explored = await interruptions._explore(call, options.get("invariant"), {})
    return {damage.attempt.name: damage.problems for damage in explored.findings}


async def test_one_transaction_leaves_nothing_wrong_behind(
    interruptions: Interruptions, bank: Bank
) -> None:
    explored = await interruptions(lambda: bank.execute(TAKE, GIVE, OPEN))

    names = [attempt.name for attempt in explored.schedules]
    assert [name for name in names if not name.startswith("cancel")] == [
        *("kill@1", "kill@2", "kill@3", "kill@4"),
        "commit@1",
    ]
    assert names[:-5] == [f"cancel@{number}" for number in range(1, len(names) - 4)]
    assert ("returned",) in explored.outcomes
    assert ("CancelledError",) in explored.outcomes
    assert [one.text for one in explored.schedules[-1].statements] == [TAKE, GIVE, OPEN, "COMMIT"]


async def test_half_a_write_is_found(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        await bank.execute(TAKE)
        await bank.execute(GIVE)

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_swallow(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        try:
            await asyncio.sleep(0)
        except BaseException:
            pass
        await bank.execute(TAKE)

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_shield(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        await asyncio.shield(bank.execute(TAKE))
        await bank.execute(GIVE)

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_leak(interruptions: Interruptions, bank: Bank) -> None:
    kept = []

    async def transfer() -> None:
        connection = await bank.engine.connect()
        kept.append(connection)
        await connection.execute(text(TAKE))
        await asyncio.sleep(0)
        await connection.commit()
        await connection.close()

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_leak_gc(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        connection = await bank.engine.connect()
        await connection.execute(text(TAKE))
        await asyncio.sleep(0)
        await connection.commit()
        await connection.close()

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_task(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        async def work():
            await asyncio.sleep(100)

        task = asyncio.create_task(work())
        await bank.execute(TAKE)
        task.cancel()

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_lie(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        try:
            await bank.execute(TAKE)
        except DBAPIError:
            pass

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_lock(interruptions: Interruptions, bank: Bank) -> None:
    lock = asyncio.Lock()

    async def transfer() -> None:
        await lock.acquire()
        await bank.execute(TAKE)
        lock.release()

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)


async def test_retry(interruptions: Interruptions, bank: Bank) -> None:
    async def transfer() -> None:
        for _ in range(2):
            try:
                await bank.execute(TAKE)
                return
            except DBAPIError:
                pass

    t = asyncio.get_running_loop().time()
    for k, v in (await findings(interruptions, transfer)).items():
        print(k, v)
    print(asyncio.get_running_loop().time() - t)
