"""The lifespan opens the session of all requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.users.models import User

SAYS = "used a session or connection that the lifespan had opened"

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = create_async_engine(app.state.url)
    async with AsyncSession(engine) as session:  # <-
        app.state.session = session
        yield
    await engine.dispose()


@router.post("/trap")
async def trap(request: Request) -> None:
    await request.app.state.session.scalar(select(User.id))
