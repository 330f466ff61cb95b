"""A container of the test gives the session, and keeps it."""

from dependency_injector import providers
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

router = APIRouter()
session = providers.Dependency(instance_of=AsyncSession)


@router.post("/trap")
async def trap() -> list[str]:
    return list(await session().scalars(select(User.email)))
