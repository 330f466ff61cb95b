"""A setting of the session outlives its request."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

CLIENTS = ("concurrent_client",)

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("SET search_path TO public"))  # <-
    await session.commit()
