"""A task of the lifespan reads a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from fastapi import APIRouter, FastAPI

TEST = "own_app"

router = APIRouter()
DATA = Path(__file__)


async def work() -> None:
    DATA.read_text()  # <-
    while True:
        await asyncio.sleep(0.01)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        await asyncio.sleep(0.02)
        yield
        tasks.cancel_scope.cancel()


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None: ...
