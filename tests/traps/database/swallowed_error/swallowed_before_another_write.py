"""A write fails and is ignored, and another one, which is none of its retries, succeeds."""

from contextlib import suppress

from fastapi import APIRouter, Request
from sqlalchemy import insert, update

from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    engine = request.app.state.sessionmaker.kw["bind"]
    with suppress(Exception):
        async with engine.begin() as connection:
            row = {"email": "user1@example.com", "password_hash": "x"}
            await connection.execute(insert(User).values(row))  # <-
    async with engine.begin() as connection:
        await connection.execute(update(User).values(full_name="Ada"))
