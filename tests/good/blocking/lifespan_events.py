"""Files are read in startup events."""

from pathlib import Path

from fastapi import APIRouter, FastAPI

TEST = "own_app"

router = APIRouter()
DATA = Path(__file__)


def make_app() -> FastAPI:
    app = FastAPI()
    app.include_router(router)
    app.router.on_startup.append(read)
    app.router.on_startup.append(read_async)
    return app


def read() -> None:
    DATA.read_text()


async def read_async() -> None:
    DATA.read_text()


@router.post("/trap")
async def trap() -> None: ...
