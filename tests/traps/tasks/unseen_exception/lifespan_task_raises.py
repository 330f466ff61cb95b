"""A task of the lifespan raises."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

TEST = "own_app"

router = APIRouter()
KEPT: list[Any] = []


async def work() -> None:
    raise ValueError("lost")  # <-


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    KEPT.append(asyncio.create_task(work()))
    yield


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
