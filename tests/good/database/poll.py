"""The same row is asked for until it changes."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    query = select(User).where(User.email == "user1@example.com")
    for delay in [0, 0, 0, 0, 0, 0, 0.001, 0.001]:
        user = await session.scalar(query)
        await session.refresh(user)
        await asyncio.sleep(delay)
    for user in (await session.scalars(select(User).limit(3))).all():
        delays = [0.001, 0, 0]
        while delays and not await session.scalar(select(User.full_name).where(User.id == user.id)):
            await asyncio.sleep(delays.pop())
