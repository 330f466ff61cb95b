"""One SELECT for each row, in a helper and by the same key."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap sent the same SELECT 8 times: SELECT users.full_name FROM users"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


async def name_of(session: AsyncSession, user: User) -> str | None:
    return await session.scalar(  # <-
        select(User.full_name).where(User.password_hash == user.password_hash).limit(1)
    )


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    # All have the same key, as with the one author of all posts.
    return [await name_of(session, user) for user in await session.scalars(select(User))]
