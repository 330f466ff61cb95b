"""The password is logged below the level of the logger."""

import logging
from typing import Annotated

from fastapi import APIRouter, Body

SAYS = "POST /trap logged the submitted password (logger `app.login`, INFO)"

router = APIRouter()

LOGGER = logging.getLogger("app.login")
LOGGER.setLevel(logging.WARNING)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    LOGGER.info(f"login with {password}")  # <-
