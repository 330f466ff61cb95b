"""Rows are streamed."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


async def emails(session: AsyncSession) -> AsyncIterator[str]:
    async for email in await session.stream_scalars(select(User.email)):
        await asyncio.sleep(0.001)
        yield email * 10


@router.post("/trap")
async def trap(session: SessionDep) -> StreamingResponse:
    return StreamingResponse(emails(session))
