"""A line is written to stdout without print()."""

import sys
from typing import Annotated, Any

from fastapi import APIRouter, Body

SAYS = "POST /trap printed the submitted password"
router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    sys.stdout.write(f"login with {password}\n")  # <-
    return None
