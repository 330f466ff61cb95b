"""A transaction fails at its end, and suppress() hides it."""

from contextlib import suppress

from fastapi import APIRouter, Request

from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    with suppress(Exception):
        async with request.app.state.sessionmaker.begin() as session:  # <-
            session.add(User(email="user1@example.com", password_hash="x"))
