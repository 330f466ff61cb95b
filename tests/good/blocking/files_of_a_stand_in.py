"""A stand-in of the test reads a file."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request

router = APIRouter()
DATA = Path(__file__)


@router.post("/trap")
async def trap(request: Request) -> Any:
    return (await request.app.state.http.get("http://elsewhere")).json()
