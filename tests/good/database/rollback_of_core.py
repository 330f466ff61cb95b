"""An exception rolls back a connection of Core."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import update

from app.users.models import User

CLIENTS = ("concurrent_client",)
TEST = "with_users"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> Any:
    try:
        async with request.app.state.sessionmaker.kw["bind"].connect() as connection:
            await connection.execute(update(User).values(full_name="x"))
            raise ValueError("no")
    except ValueError as error:
        return {"errors": [str(error)]}
