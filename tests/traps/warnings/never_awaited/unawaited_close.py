"""The close of an HTTP client is not awaited."""

import httpx
from fastapi import APIRouter

SAYS = "coroutine 'AsyncClient.aclose' was never awaited"

router = APIRouter()

CLIENT = httpx.AsyncClient()


@router.post("/trap")
async def trap() -> None:
    CLIENT.aclose()  # type: ignore[unused-coroutine]  # <-
