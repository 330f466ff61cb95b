"""A background task uses the session of its request."""

import asyncio

from fastapi import APIRouter, BackgroundTasks, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


async def work(session: AsyncSession) -> None:
    await asyncio.sleep(0.01)
    session.add(new_user())  # <-
    await session.commit()


@router.post("/trap")
async def trap(request: Request, tasks: BackgroundTasks) -> None:
    async with request.app.state.sessionmaker() as session:
        await session.execute(text("SELECT 1"))
        tasks.add_task(work, session)
