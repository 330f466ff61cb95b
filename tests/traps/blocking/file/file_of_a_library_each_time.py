"""A library reads its own file at each request."""

import certifi
from fastapi import APIRouter

TEST = "twice"

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    certifi.contents()  # <-
