"""The log has all headers, and with them the bearer token."""

import logging
from typing import Any

from fastapi import APIRouter, Request

SAYS = "POST /trap logged a token that lets its owner in (logger `app.headers`, INFO)"
router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> Any:
    logging.getLogger("app.headers").info("headers %s", dict(request.headers))  # <-
    return None
