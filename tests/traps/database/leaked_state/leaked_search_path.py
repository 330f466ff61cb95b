"""The search path is set for the connection."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "POST /trap gave a connection back to the pool with `search_path` set to"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("SET search_path TO tenant_a, public"))  # <-
    await session.commit()
