"""A request by httpx without async."""

import httpx
from fastapi import APIRouter

TEST = "with_server"

router = APIRouter()


@router.post("/trap")
async def trap(url: str) -> None:
    httpx.get(url)  # <-
