"""What waits for the database, for a file, or for nothing at all, may hold a connection."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import anyio
from fastapi import APIRouter, Depends, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()
lock = asyncio.Lock()


async def count_users(session: SessionDep) -> int:
    return await session.scalar(select(func.count(User.id))) or 0


def read_setting() -> str:
    return "FastAPI calls it in a thread"


async def is_known(request: Request, email: str) -> bool:
    sessionmaker = request.app.state.sessionmaker
    async with sessionmaker() as session:
        await asyncio.sleep(0)
        return await session.scalar(select(User.id).where(User.email == email)) is not None


def names_of(session: AsyncSession) -> list[str | None]:
    return list(session.sync_session.scalars(select(User.full_name)))


@router.post("/trap")
async def trap(
    request: Request,
    session: SessionDep,
    count: Annotated[int, Depends(count_users)],
    setting: Annotated[str, Depends(read_setting)],
) -> int:
    async with lock, asyncio.timeout(5):
        known = await asyncio.gather(*(is_known(request, f"{n}@example.com") for n in range(3)))
        names = await session.run_sync(lambda _: names_of(session))
    if await asyncio.to_thread(Path(__file__).exists):
        setting += await anyio.to_thread.run_sync(Path(__file__).read_text)
    async with anyio.NamedTemporaryFile("w", dir=tempfile.gettempdir()) as file:
        await file.write(setting)
    await session.commit()
    return count + sum(known) + len(names)
