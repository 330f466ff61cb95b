"""A duplicate is expected by its name, and nothing is to be done."""

from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    session.add(User(email="user1@example.com", password_hash="x"))
    try:
        await session.commit()
    except IntegrityError:
        pass
