"""A module that an endpoint imports sleeps."""

import importlib
import sys
import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    importlib.reload(sys.modules[__name__])


time.sleep(0.001)  # <-
