"""Six look-ups that stand in six lines."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


async def name_of(session: AsyncSession, name: str) -> str | None:
    return await session.scalar(select(User.full_name).where(User.email == f"{name}@example.com"))


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    return [
        await name_of(session, "user1"),
        await name_of(session, "user2"),
        await name_of(session, "user3"),
        await name_of(session, "user4"),
        await name_of(session, "user5"),
        await name_of(session, "user6"),
    ]
