"""Rows that fail are left out, each in a savepoint."""

import logging

from fastapi import APIRouter

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    for name in ("user1", "ada"):
        try:
            async with session.begin_nested():
                session.add(User(email=f"{name}@example.com", password_hash="x"))
        except Exception:
            logging.getLogger(__name__).exception("left out")
    await session.commit()
