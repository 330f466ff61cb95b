"""A cookie remembers the password in Base64."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

SAYS = "returned 200 with the submitted password in the header `set-cookie`"
router = APIRouter()


@router.post("/trap")
async def trap(response: Response, password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    response.set_cookie("remember", base64.b64encode(f"ada:{password}".encode()).decode())
    return None
