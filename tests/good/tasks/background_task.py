"""A background task with a session of its own."""

import asyncio

from fastapi import APIRouter, BackgroundTasks, Request
from sqlalchemy import text

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


async def work(request: Request) -> None:
    await asyncio.sleep(0.02)
    async with request.app.state.sessionmaker() as session:
        session.add(new_user())
        await session.commit()


@router.post("/trap")
async def trap(request: Request, tasks: BackgroundTasks, session: SessionDep) -> None:
    await session.execute(text("SELECT 1"))
    tasks.add_task(work, request)
