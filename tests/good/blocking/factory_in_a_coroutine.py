"""A factory that is a coroutine reads a file."""

import asyncio
from pathlib import Path

from fastapi import APIRouter, FastAPI

router = APIRouter()
DATA = Path(__file__)


async def make_app() -> FastAPI:
    await asyncio.sleep(0)
    app = FastAPI(title=DATA.read_text().partition("\n")[0])
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None: ...
