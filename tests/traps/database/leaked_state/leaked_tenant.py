"""The tenant of row security is set for the connection."""

from fastapi import APIRouter
from sqlalchemy import func, select

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(select(func.set_config("app.tenant", "7", False)))  # <-
    await session.commit()
