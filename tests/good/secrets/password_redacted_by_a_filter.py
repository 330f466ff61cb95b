"""A filter takes the password out of the record."""

import io
import logging
from typing import Annotated

from fastapi import APIRouter, Body

router = APIRouter()


class Redact(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.args = ("***",)
        return True


LOGGER = logging.getLogger("app.redacted")
LOGGER.setLevel(logging.WARNING)
HANDLER = logging.StreamHandler(io.StringIO())
HANDLER.addFilter(Redact())
LOGGER.addHandler(HANDLER)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    LOGGER.info("login with %s", password)
    LOGGER.warning("login with %s", password)
    print("a login")
