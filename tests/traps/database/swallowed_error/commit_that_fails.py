"""A commit fails, and its error is ignored."""

from fastapi import APIRouter

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    session.add(User(email="user1@example.com", password_hash="not a hash"))
    try:
        await session.commit()  # <-
    except Exception:
        pass
