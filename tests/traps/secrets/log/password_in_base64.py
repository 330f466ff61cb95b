"""The log has the credentials as the header of HTTP Basic spells them."""

import base64
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    credentials = base64.b64encode(f"ada:{password}".encode()).decode()
    logging.getLogger("app.basic").info("Authorization: Basic %s", credentials)  # <-
    return None
