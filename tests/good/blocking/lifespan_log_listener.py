"""A log listener is stopped at shutdown, which joins its thread."""

import logging
import logging.handlers
import queue
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

TEST = "own_app"

router = APIRouter()


class SlowHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        time.sleep(0.05)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    records: queue.Queue[Any] = queue.Queue()
    listener = logging.handlers.QueueListener(records, SlowHandler())
    listener.start()
    yield
    logging.handlers.QueueHandler(records).handle(logging.makeLogRecord({"msg": "bye"}))
    listener.stop()


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    pass
