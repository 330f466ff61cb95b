"""A processor of structlog and a formatter take the password out of their lines."""

import io
import logging
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Body

router = APIRouter()


class Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).partition(":")[0]


def redact(_: Any, name: str, event: Any) -> Any:
    return {**event, "password": "***"}


HANDLER = logging.StreamHandler(io.StringIO())
HANDLER.setFormatter(Redacting())
LOGGER = logging.getLogger("app.redacting")
LOGGER.addHandler(HANDLER)
STRUCTURED = structlog.wrap_logger(
    logging.getLogger("app.structured"),
    processors=[
        structlog.stdlib.filter_by_level,
        redact,
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.stdlib.BoundLogger,
)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    LOGGER.info("login: %s", password)
    LOGGER.warning("login: %s", password)
    STRUCTURED.info("login", password=password)
    STRUCTURED.warning("login", password=password)
    return None
