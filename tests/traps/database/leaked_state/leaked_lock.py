"""An advisory lock of the connection is not given back."""

from fastapi import APIRouter
from sqlalchemy import func, select

from app.database import SessionDep

SAYS = "an advisory lock of its session"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(select(func.pg_advisory_lock(7)))  # <-
