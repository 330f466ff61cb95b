"""The error of a duplicate is not mapped."""

from fastapi import APIRouter

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    session.add(new_user("user1"))
    await session.commit()  # <-
