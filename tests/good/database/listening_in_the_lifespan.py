"""One connection listens for the whole app, and hands on what comes to the requests that wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

CLIENTS = ("concurrent_client",)

waits = asyncio.Event()


def create_app(database_url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = engine = create_async_engine(database_url)
        app.state.waiting = waiting = set[asyncio.Queue[str]]()

        def hand_on(_: Any, pid: int, channel: str, payload: str) -> None:
            for queue in waiting:
                queue.put_nowait(payload)

        async with engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            await raw.add_listener("jobs", hand_on)
            yield
            await raw.remove_listener("jobs", hand_on)
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/jobs")
    async def next_job(request: Request) -> str:
        queue = asyncio.Queue[str]()
        waiting = request.app.state.waiting
        waiting.add(queue)
        waits.set()
        try:
            return await queue.get()
        finally:
            waiting.discard(queue)

    @app.post("/jobs")
    async def add_job(request: Request) -> None:
        async with AsyncSession(request.app.state.engine) as session:
            await session.execute(text("SELECT pg_notify('jobs', 'one')"))
            await session.commit()

    return app
