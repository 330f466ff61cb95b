"""Twenty requests read and write at once."""

from fastapi import APIRouter
from sqlalchemy import func, select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("concurrent_client",)

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep, n: int) -> int:
    session.add(new_user(f"user{n}"))
    await session.commit()
    return await session.scalar(select(func.count()).select_from(User)) or 0
