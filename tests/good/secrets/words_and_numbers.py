"""Words and numbers that happen to be a password."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    logging.getLogger("app.words").info("password reset of order 1234567")
    return {"message": "password reset of order 1234567", "name": "hunter2"}
