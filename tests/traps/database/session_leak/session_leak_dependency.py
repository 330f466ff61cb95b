"""A dependency opens a session and does not close it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


async def get_other(request: Request) -> Any:
    return request.app.state.sessionmaker()  # <-


@router.post("/trap")
async def trap(session: Annotated[AsyncSession, Depends(get_other)]) -> None:
    await session.execute(text("SELECT 1"))
