from collections.abc import Awaitable, Callable

import pytest
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine
from trap_races import Plant

from tests.exploration.interleavings import Interleavings
from tests.exploration.interruptions import Interruptions

from .worker_of_one_statement import Account, Base, add_interest

Worker = Callable[[], Awaitable[None]]


@pytest.fixture
async def worker(plant: Plant, engine: AsyncEngine) -> Worker:
    await plant(APIRouter(), Base, Account(id=1, balance=1))
    return lambda: add_interest(engine)


async def test_interleaved(interleavings: Interleavings, worker: Worker) -> None:
    await interleavings(worker, worker)


async def test_interrupted(interruptions: Interruptions, worker: Worker) -> None:
    await interruptions(worker)
