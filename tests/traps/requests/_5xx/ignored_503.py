"""An endpoint answers 503, and the test asserts another status away."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter()


@router.post("/trap")
async def trap() -> Any:  # <-
    return JSONResponse({}, status_code=503)
