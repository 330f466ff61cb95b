"""The password is logged."""

import logging
from typing import Annotated

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    logging.getLogger("app").warning("login with %s", password)  # <-
