"""A free name is searched for."""

import enum
import itertools
from typing import Any

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


class Role(enum.Enum):
    GUEST, READER, WRITER, EDITOR, ADMIN, OWNER = "guest", "reader", "writer", "e", "a", "o"


async def is_taken(session: AsyncSession, email: str) -> bool:
    return await session.scalar(select(User).where(User.email == email)) is not None


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    email, number = "user0@example.com", 0
    while await session.scalar(select(User.id).where(User.email == email)):
        number += 1
        email = f"user{number}@example.com"
    for number in itertools.count():
        email = f"user{number}@example.com"
        if not await is_taken(session, email):
            break
    return {
        role: await session.scalar(select(func.count(User.id)).where(User.full_name == role.value))
        for role in Role
    }
