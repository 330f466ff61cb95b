"""What led to the error that is logged holds the password."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


def convert(password: str) -> None:
    try:
        int(password)
    except ValueError as error:
        raise RuntimeError("no PIN") from error


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    try:
        convert(password)
    except RuntimeError:
        logging.getLogger("app.cause").info("failed", exc_info=True)  # <-
    return None
