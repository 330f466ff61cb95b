"""The answer repeats a password named `pass` that came with an email."""

from typing import Any

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap(login: dict[str, str]) -> Any:  # <-
    return {"pass": login["pass"]}
