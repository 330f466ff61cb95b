"""A request waits for the one connection that it has itself."""

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import create_async_engine

SAYS = "POST /trap has one since app/traps/hang_pool.py:"

router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> None:
    engine = create_async_engine(
        request.app.state.settings.database_url, pool_size=1, max_overflow=0
    )
    async with engine.connect(), engine.connect():  # <-
        pass
