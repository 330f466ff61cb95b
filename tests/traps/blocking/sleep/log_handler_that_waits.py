"""A log handler waits."""

import logging
import time

from fastapi import APIRouter

router = APIRouter()


class Mail(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        time.sleep(0.01)  # <-


LOGGER = logging.getLogger("mail")
LOGGER.addHandler(Mail())


@router.post("/trap")
async def trap() -> None:
    LOGGER.warning("a line")
