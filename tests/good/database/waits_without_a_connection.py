"""A request waits before its transaction, between two, and after the last one."""

import asyncio

import httpx
from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200)


@router.post("/trap")
async def trap(request: Request, session: SessionDep) -> int:
    await asyncio.to_thread(sorted, "before")
    # This session has no connection yet.
    session.add(User(email="ada@example.com", password_hash="x"))
    await asyncio.sleep(0.02)
    await session.commit()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await client.get("https://rates.example/eur")
    async with request.app.state.sessionmaker() as other:
        names = (await other.scalars(select(User.full_name))).all()
    await run_in_threadpool(sorted, "between")
    await session.scalar(select(User.id))
    await session.rollback()
    await asyncio.sleep(0.02)
    return len(names)
