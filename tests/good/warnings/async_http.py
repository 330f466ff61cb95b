"""A client that is closed."""

import httpx
from fastapi import APIRouter

TEST = "with_server"

router = APIRouter()


@router.post("/trap")
async def trap(url: str) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code
