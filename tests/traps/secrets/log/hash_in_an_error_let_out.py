"""No handler takes the error that shows the row, hash included, so that the server logs it."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from app.security import hash_password
from app.users.models import User

SAYS = "POST /trap let an error out, to be logged with a password hash"
ALSO = ("requests.5xx",)
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], request: Request) -> Any:
    password_hash = await hash_password(password)
    engine = create_async_engine(request.app.state.settings.database_url)
    try:
        async with engine.begin() as connection:
            row = insert(User).values(email=None, password_hash=password_hash)
            await connection.execute(row)  # <-
    finally:
        await engine.dispose()
