"""The worker that runs beside the requests, from the start of the app to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.jobs.service import drain
from app.outbox.service import relay

log = structlog.get_logger()

POLL = 5.0
"""Seconds after which the worker looks for work that nobody has told it of."""


class Worker:
    """Does the queued jobs and sends what is in the outbox."""

    def __init__(self, sessionmaker: async_sessionmaker[AsyncSession], redis: Redis) -> None:
        self.sessionmaker = sessionmaker
        self.redis = redis
        self.rounds = 0
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Say that there is work."""
        self._work.set()

    async def run(self) -> None:
        while True:
            self._work.clear()
            try:
                await drain(self.sessionmaker)
                await relay(self.sessionmaker, self.redis)
            except SQLAlchemyError:
                log.exception("the worker could not work")
            self.rounds += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._work.wait()


@asynccontextmanager
async def working(
    sessionmaker: async_sessionmaker[AsyncSession], redis: Redis
) -> AsyncIterator[Worker]:
    """Run a worker while the body runs."""
    worker = Worker(sessionmaker, redis)
    task = asyncio.create_task(worker.run(), name="worker")
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
