"""A password of seven letters, which the line calls one."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    logging.getLogger("app.short").info(f"login with password {password}")  # <-
    return None
