"""The session of a registry is never removed from it."""

from asyncio import current_task

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_scoped_session

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    sessions = request.app.state.sessionmaker
    scoped = async_scoped_session(sessions, scopefunc=current_task)
    await scoped.execute(text("SELECT 1"))  # <-
