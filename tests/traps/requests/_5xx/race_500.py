"""Two requests check, then both insert."""

import asyncio
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import select

from app.database import SessionDep
from app.users.models import User

ALSO = ("database.connection-held",)
CLIENTS = ("concurrent_client",)

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(session: SessionDep) -> Any:
    if await session.scalar(select(User).where(User.email == "ada@example.com")):
        return JSONResponse({}, status_code=409)
    await asyncio.sleep(0.05)
    session.add(new_user())
    await session.commit()  # <-
    return None
