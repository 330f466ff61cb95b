"""What is searched for stands in the SQL."""

from fastapi import APIRouter
from sqlalchemy import text

from app.database import SessionDep

SAYS = "which its client has sent, into the text of its SQL"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(q: str, session: SessionDep) -> None:
    await session.execute(text(f"SELECT id FROM users WHERE email LIKE '%{q}%'"))  # <-
