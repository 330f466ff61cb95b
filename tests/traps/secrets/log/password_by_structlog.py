"""structlog drops the line below the level of the test, and not below that of production."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Body

SAYS = "POST /trap logged the submitted password (logger `app.structlog`, INFO)"
router = APIRouter()

LOGGER = structlog.wrap_logger(
    structlog.stdlib.LoggerFactory()("app.structlog"),
    processors=[structlog.stdlib.filter_by_level, structlog.processors.JSONRenderer()],
    wrapper_class=structlog.stdlib.BoundLogger,
)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    LOGGER.info("login", form={"password": password})  # <-
    return None
