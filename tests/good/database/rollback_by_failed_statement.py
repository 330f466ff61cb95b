"""A failed statement rolls back, and is handled."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    await session.execute(update(User).values(full_name="x"))
    try:
        await session.execute(update(User).values(email="same@example.com"))
    except IntegrityError:
        return {"errors": ["email"]}
