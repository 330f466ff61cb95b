"""The password of a registration is kept, and a later request shows it."""

from typing import Annotated

from fastapi import APIRouter, Body

SAYS = "GET /trap returned 200 with the submitted password in `ada`"

router = APIRouter()

KEPT: dict[str, str] = {}


@router.post("/trap")
async def register(password: Annotated[str, Body(embed=True)]) -> None:
    KEPT["ada"] = password


@router.get("/trap")
async def trap() -> dict[str, str]:  # <-
    return KEPT
