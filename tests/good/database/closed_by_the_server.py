"""The server closes the connection of a request, which is refused, before its session is closed."""

from fastapi import APIRouter, HTTPException
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
    raise HTTPException(422)
