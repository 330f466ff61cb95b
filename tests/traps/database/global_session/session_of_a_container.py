"""A container of the application gives each request the same session."""

from dependency_injector import providers
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.users.models import User

SAYS = "POST /trap used a session or connection that POST /trap had opened"

router = APIRouter()
sessions = providers.Dependency(instance_of=async_sessionmaker)


def make_session() -> AsyncSession:
    session: AsyncSession = sessions()()  # <-
    return session


session = providers.Singleton(make_session)


@router.post("/trap")
async def trap() -> None:
    await session().scalar(select(User.id))
    await session().rollback()
