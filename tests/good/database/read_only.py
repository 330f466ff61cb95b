"""An endpoint that only reads."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    return [u.email for u in await session.scalars(select(User))]
