"""An endpoint never commits, while the session comes from an override of the test."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

SAYS = "POST /trap returned 200 and never committed a new User"

router = APIRouter()


async def get_db() -> AsyncIterator[AsyncSession]:
    raise NotImplementedError
    yield


@router.post("/trap")
async def trap(db: Annotated[AsyncSession, Depends(get_db)]) -> None:
    db.add(User(email="ada@example.com", password_hash="not a hash"))  # <-
    await db.flush()
