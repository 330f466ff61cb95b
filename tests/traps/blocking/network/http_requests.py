"""A request by the library requests."""

import requests
from fastapi import APIRouter

TEST = "with_server"

router = APIRouter()


@router.post("/trap")
async def trap(url: str) -> None:
    requests.get(url)  # <-
