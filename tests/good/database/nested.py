"""A savepoint is rolled back, and the rest committed."""

from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    async with session.begin_nested():
        session.add(new_user("user90"))
    try:
        async with session.begin_nested():
            session.add(new_user("user90"))
    except IntegrityError:
        pass
    await session.commit()
