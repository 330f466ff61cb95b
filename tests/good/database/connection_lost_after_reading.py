"""The server closes the connection of a request that has only read, and that has its answer."""

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionDep

CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    backend = await session.scalar(select(func.pg_backend_pid()))
    async with AsyncSession(session.bind) as other:
        await other.execute(select(func.pg_terminate_backend(backend)))
