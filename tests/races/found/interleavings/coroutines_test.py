import asyncio

import pytest
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from trap_races import Plant

from tests.exploration.interleavings import Interleavings

from .coroutines import Account, Base, add_interest


@pytest.fixture
async def accounts(plant: Plant) -> None:
    await plant(APIRouter(), Base, Account(id=1, balance=1))


@pytest.mark.usefixtures("accounts")
async def test_explored(interleavings: Interleavings, engine: AsyncEngine) -> None:
    await interleavings(lambda: add_interest(engine), lambda: add_interest(engine))


@pytest.mark.real_commits
@pytest.mark.usefixtures("accounts")
async def test_gathered(engine: AsyncEngine, session: AsyncSession) -> None:
    await asyncio.gather(*(add_interest(engine) for _ in range(5)))
    assert await session.scalar(select(Account.balance)) == 32
