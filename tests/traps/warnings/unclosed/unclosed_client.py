"""An HTTP client is not closed."""

import httpx
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    client = httpx.AsyncClient(transport=transport)  # <-
    await client.get("http://test")
