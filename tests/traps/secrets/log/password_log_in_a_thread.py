"""The password is logged in a thread."""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Body

router = APIRouter()


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> None:
    await asyncio.to_thread(logging.getLogger("app").warning, "with %s", password)  # <-
