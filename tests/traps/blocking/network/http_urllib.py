"""A request by urllib."""

import urllib.request

from fastapi import APIRouter

TEST = "with_server"

router = APIRouter()


@router.post("/trap")
async def trap(url: str) -> None:
    urllib.request.urlopen(url).close()  # <-
