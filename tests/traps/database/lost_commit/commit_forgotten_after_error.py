"""What handles an error writes the change that is never committed."""

from fastapi import APIRouter, Request

from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    try:
        int("one")
    except ValueError:
        async with request.app.state.sessionmaker() as own:
            own.add(User(email="ada@example.com", password_hash="not a hash"))  # <-
            await own.flush()
