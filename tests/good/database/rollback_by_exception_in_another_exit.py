"""An exception ends a unit of work, and a session with an exit of its own, and is handled."""

from typing import Any, Self

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


class UnitOfWork:
    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def __aenter__(self) -> Self:
        self.session = self._sessions()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            await self.session.commit()
        await self.session.close()


class CommittingSession(AsyncSession):
    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            if error is None:
                await self.commit()
        finally:
            await self.close()


def new_user(name: str) -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(request: Request) -> list[str]:
    errors = []
    try:
        async with UnitOfWork(request.app.state.sessionmaker) as work:
            work.session.add(new_user("ada"))
            await work.session.flush()
            raise ValueError("no")
    except ValueError as error:
        errors.append(str(error))
    bind = request.app.state.sessionmaker.kw["bind"]
    try:
        async with CommittingSession(bind) as own:
            own.add(new_user("bob"))
            raise ValueError("never")
    except ValueError as error:
        errors.append(str(error))
    return errors
