"""A row that another transaction has locked."""

from fastapi import APIRouter
from sqlalchemy import update

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("concurrent_client",)

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(update(User).values(full_name="Ada"))  # <-
    await session.commit()
