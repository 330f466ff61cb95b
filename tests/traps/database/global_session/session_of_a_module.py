"""A dependency keeps one session for all requests."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

SAYS = "POST /trap used a session or connection that POST /trap had opened"

router = APIRouter()


SESSIONS: list[AsyncSession] = []


async def get_shared(request: Request) -> AsyncSession:
    if not SESSIONS:
        SESSIONS.append(request.app.state.sessionmaker())  # <-
    return SESSIONS[0]


@router.post("/trap")
async def trap(session: Annotated[AsyncSession, Depends(get_shared)]) -> None:
    await session.scalar(select(User.id))
    await session.rollback()
