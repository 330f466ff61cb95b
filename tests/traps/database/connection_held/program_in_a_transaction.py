"""A program runs while a transaction is open."""

import asyncio
import sys

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

SAYS = "while it waited for a program"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> int | None:
    await session.scalar(select(User.id))
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", "")  # <-
    await program.communicate()
    return program.returncode
