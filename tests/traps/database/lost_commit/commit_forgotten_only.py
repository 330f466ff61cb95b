"""An UPDATE ONLY is never committed."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "POST /trap returned 200 and never committed an UPDATE of users"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(text("UPDATE ONLY users SET full_name = 'x'"))  # <-
