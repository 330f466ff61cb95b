"""A request waits with a connection that no session has."""

import anyio
from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

SAYS = "while it waited for a sleep"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    engine: AsyncEngine = request.app.state.sessionmaker.kw["bind"]
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await anyio.sleep(0.02)  # <-
