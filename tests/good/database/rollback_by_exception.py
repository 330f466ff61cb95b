"""An exception rolls back, and is handled."""

from typing import Any

from fastapi import APIRouter, Request

from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(request: Request) -> Any:
    try:
        async with request.app.state.sessionmaker() as own:
            own.add(new_user())
            await own.flush()
            raise ValueError("no")
    except ValueError as error:
        return {"errors": [str(error)]}
