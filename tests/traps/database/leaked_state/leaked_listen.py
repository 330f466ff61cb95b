"""A request listens on a connection of the pool."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("LISTEN jobs"))  # <-
    await session.commit()
