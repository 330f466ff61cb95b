"""The log has the key of the settings."""

import logging
from typing import Any

from fastapi import APIRouter, Request

SAYS = "POST /trap logged a key of the application (logger `app.settings`, INFO)"
router = APIRouter()


@router.post("/trap")
async def trap(request: Request) -> Any:
    key = request.app.state.settings.secret_key.get_secret_value()
    logging.getLogger("app.settings").info("the key is %s", key)  # <-
    return None
