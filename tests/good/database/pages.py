"""Pages of one row each."""

import uuid
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
    last, offset = uuid.UUID(int=0), 0
    query = select(User).where(User.password_hash == "not a hash").order_by(User.id)
    while users := (await session.scalars(query.where(User.id > last).limit(1))).all():
        last = users[-1].id
    while (await session.scalars(query.limit(1).offset(offset))).all():
        offset += 1
    return offset
