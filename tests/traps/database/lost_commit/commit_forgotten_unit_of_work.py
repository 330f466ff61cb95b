"""A unit of work closes its session, and never commits."""

from typing import Self

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


class UnitOfWork:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def __aenter__(self) -> Self:
        self.session = self._sessions()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            await self.session.rollback()
        await self.session.close()


@router.post("/trap")
async def trap(request: Request) -> None:
    async with UnitOfWork(request.app.state.sessionmaker) as work:
        work.session.add(User(email="ada@example.com", password_hash="not a hash"))  # <-
