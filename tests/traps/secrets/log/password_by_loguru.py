"""loguru writes to stderr, past Python's logging."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from loguru import logger

SAYS = "POST /trap printed the submitted password"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    logger.debug("login with {}", password)  # <-
    return None
