"""A thread of the lifespan is not ended after its `yield`."""

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

SAYS = "thread Poller was still running when the test was over"
TEST = "in_a_fixture"

router = APIRouter()


class Poller(threading.Thread):
    def run(self) -> None:
        time.sleep(3)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.poller = Poller()
    app.state.poller.start()  # <-
    yield


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
