"""A dependency flushes and commits after its yield."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


async def get_session_that_commits(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessionmaker() as session:
        yield session
        await session.commit()  # <-


@router.post("/trap")
async def trap(session: Annotated[AsyncSession, Depends(get_session_that_commits)]) -> None:
    session.add(new_user())
