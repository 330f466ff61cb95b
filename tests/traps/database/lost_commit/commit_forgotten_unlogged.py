"""An unlogged table is not temporary."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "never committed an INSERT of cache"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("CREATE UNLOGGED TABLE cache (id int)"))
    await session.execute(text("INSERT INTO cache VALUES (1)"))  # <-
