"""The password is in `extra`, below the level of the logger."""

import logging
from typing import Annotated

from fastapi import APIRouter, Body

SAYS = "POST /trap logged the submitted password (logger `app.login`, DEBUG)"

router = APIRouter()

LOGGER = logging.getLogger("app.login")
LOGGER.setLevel(logging.WARNING)


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    LOGGER.debug("login", extra={"form": {"password": password}})  # <-
