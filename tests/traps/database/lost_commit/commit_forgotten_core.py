"""An INSERT of Core is never committed."""

import uuid

from fastapi import APIRouter
from sqlalchemy import insert

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    values = {"id": uuid.uuid4(), "email": "ada@example.com", "password_hash": "x"}
    await session.execute(insert(User).values(values))  # <-
