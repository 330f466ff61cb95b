"""An advisory lock that the request itself holds elsewhere."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("concurrent_client",)

router = APIRouter()

LOCK = text("SELECT pg_advisory_xact_lock(1)")


async def wait_for_it(sessions: Any) -> None:
    async with sessions() as session:
        await session.execute(LOCK)  # waits


@router.post("/trap")
async def trap(session: SessionDep, request: Request) -> None:
    await session.execute(LOCK)  # holds
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(wait_for_it(request.app.state.sessionmaker))
        await asyncio.sleep(0)
        await asyncio.Event().wait()  # <-
