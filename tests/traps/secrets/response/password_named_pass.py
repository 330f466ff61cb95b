"""The answer repeats a password named `pass`."""

from typing import Any

from fastapi import APIRouter

SAYS = "POST /trap returned 200 with the submitted password in `pass`"

router = APIRouter()


@router.post("/trap")
async def trap(login: dict[str, str]) -> Any:  # <-
    return login
