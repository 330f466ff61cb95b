"""One session in asyncio.gather()."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

ALSO = ("database.session-leak", "tasks.unseen-exception")
CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await asyncio.gather(  # <-
        *(session.execute(text("SELECT pg_sleep(0.01)")) for _ in range(2))
    )
