"""Two tasks use one connection at the same time, and have luck."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    connection = await session.connection()
    await asyncio.gather(  # <-
        connection.execute(text("SELECT 1")), connection.execute(text("SELECT 2"))
    )
