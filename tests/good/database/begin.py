"""A session of its own that commits at its end."""

from fastapi import APIRouter, Request

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def new_user(name: str = "ada") -> User:
    return User(email=f"{name}@example.com", password_hash="not a hash")


@router.post("/trap")
async def trap(request: Request) -> None:
    async with request.app.state.sessionmaker.begin() as session:
        session.add(new_user())
