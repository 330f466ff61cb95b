"""A lock of PostgreSQL's session is held by keeping its connection."""

import asyncio

from fastapi import APIRouter, Request
from sqlalchemy import text

CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    async with request.app.state.sessionmaker() as session:
        await session.execute(text("SELECT pg_advisory_lock(7)"))
        try:
            await asyncio.sleep(0.02)
        finally:
            await session.execute(text("SELECT pg_advisory_unlock(7)"))
            await session.commit()
