"""Files are read in the lifespan before its yield."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI

from app.security import password_context

router = APIRouter()
DATA = Path(__file__)


def cpu(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


class Lifespan:
    def __init__(self, app: FastAPI) -> None:
        self.text = DATA.read_text()

    async def __aenter__(self) -> None:
        await self.load()

    async def load(self) -> None:
        self.text = DATA.read_text()
        self.hash = password_context.hash(self.text[:10])

    async def __aexit__(self, *error: object) -> None: ...


@asynccontextmanager
async def of_router(app: FastAPI) -> AsyncIterator[None]:
    password_context.using(argon2__time_cost=4, argon2__memory_cost=65536).hash("x")
    DATA.read_text()
    yield


@asynccontextmanager
async def of_app(app: FastAPI) -> AsyncIterator[None]:
    async def load() -> None:
        await asyncio.sleep(0)
        DATA.read_text()

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Lifespan(app))
        sub = app.state.sub
        await stack.enter_async_context(sub.router.lifespan_context(sub))
        await asyncio.gather(load(), asyncio.wait_for(load(), 5))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load())
        cpu(0.1)
        yield


def make_app() -> FastAPI:
    app = FastAPI(lifespan=of_app)
    app.state.sub = FastAPI(lifespan=Lifespan)
    app.mount("/sub", app.state.sub)
    other = APIRouter(lifespan=of_router)
    app.include_router(other)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None: ...
