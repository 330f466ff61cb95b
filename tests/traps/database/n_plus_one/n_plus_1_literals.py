"""One SELECT for each row, with the value in its text."""

from fastapi import APIRouter
from sqlalchemy import select, text

from app.database import SessionDep
from app.users.models import User

SAYS = "POST /trap sent the same SELECT 8 times: SELECT * FROM users WHERE email = 'user"
CLIENTS = ("client", "concurrent_client")
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(session: SessionDep) -> None:
    for email in (await session.scalars(select(User.email))).all():
        await session.execute(text(f"SELECT * FROM users WHERE email = '{email}'"))  # <-
