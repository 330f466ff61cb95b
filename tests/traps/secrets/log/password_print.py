"""The password is printed."""

from typing import Annotated

from fastapi import APIRouter, Body

SAYS = "POST /trap printed the submitted password"

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    print("login with", password)  # <-
