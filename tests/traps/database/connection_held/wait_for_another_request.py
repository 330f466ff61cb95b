"""A request waits, with its connection, for what another task is to bring."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "while it waited for another task"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> str:
    answers: asyncio.Queue[str] = asyncio.Queue()
    await session.scalar(select(User.id))
    asyncio.get_running_loop().call_soon(answers.put_nowait, "ready")
    return await answers.get()  # <-
