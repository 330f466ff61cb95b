"""An UPDATE of Core is never committed."""

from fastapi import APIRouter
from sqlalchemy import update

from app.database import SessionDep
from app.users.models import User

CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    await session.execute(update(User).values(full_name="x"))  # <-
