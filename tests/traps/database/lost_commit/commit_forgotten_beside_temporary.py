"""A temporary table is changed, and a lasting one too."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "never committed a DELETE of users"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("CREATE TEMP TABLE staging (id uuid)"))
    await session.execute(text("INSERT INTO staging SELECT id FROM users"))
    await session.execute(text("DELETE FROM users USING staging"))  # <-
