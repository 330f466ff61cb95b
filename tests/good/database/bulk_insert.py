"""A thousand rows at once."""

import uuid

from fastapi import APIRouter
from sqlalchemy import insert

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    rows = [
        {"id": uuid.uuid4(), "email": f"u{n}@example.com", "password_hash": "x"}
        for n in range(1000)
    ]
    await session.execute(insert(User), rows)
    session.add_all([new_user(f"orm{n}") for n in range(1000)])
    await session.commit()
