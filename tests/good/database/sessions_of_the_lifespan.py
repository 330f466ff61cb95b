"""The lifespan opens the sessionmaker, and a session for itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.users.models import User

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = create_async_engine(app.state.url)
    app.state.sessions = async_sessionmaker(engine)
    async with app.state.sessions() as session:
        await session.scalar(select(User.id))
    yield
    await engine.dispose()


@router.post("/trap")
async def trap(request: Request) -> None:
    async with request.app.state.sessions() as session:
        await session.scalar(select(User.id))
