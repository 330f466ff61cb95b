"""The lifespan joins a thread at shutdown."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

ALSO = ("slow.blocked", "warnings.unclosed")
TEST = "own_app"

router = APIRouter()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    stopping = threading.Event()

    def work() -> None:
        stopping.wait()
        time.sleep(0.2)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopping.set()
    thread.join()  # <-


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
