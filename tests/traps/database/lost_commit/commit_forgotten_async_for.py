"""A session by `async for` is never committed."""

from fastapi import APIRouter, Request
from sqlalchemy import update

from app.database import get_session
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    async for own in get_session(request):
        await own.execute(update(User).values(full_name="x"))  # <-
        break
