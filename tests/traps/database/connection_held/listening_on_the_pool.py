"""A request waits for a notification on a connection of the pool."""

import asyncio
from typing import Any

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("concurrent_client",)
SAYS = "while it waited for another task, by a queue, event or lock"

router = APIRouter()
listens = asyncio.Event()


@router.get("/jobs")
async def next_job(session: SessionDep) -> str:
    queue = asyncio.Queue[str]()

    def put(_: Any, pid: int, channel: str, payload: str) -> None:
        queue.put_nowait(payload)

    connection = await session.connection()
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.add_listener("jobs", put)
    listens.set()
    try:
        return await queue.get()  # <-
    finally:
        await raw.remove_listener("jobs", put)


@router.post("/jobs")
async def add_job(session: SessionDep) -> None:
    await session.execute(text("SELECT pg_notify('jobs', 'one')"))
    await session.commit()
