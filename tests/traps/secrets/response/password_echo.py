"""The answer repeats the password."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:  # <-
    return {"password": password}
