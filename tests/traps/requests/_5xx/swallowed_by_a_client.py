"""The client of an API takes an error of the server for an answer without a value."""

from typing import Any

import httpx
from fastapi import APIRouter

router = APIRouter()


@router.get("/prices")
async def prices() -> Any:
    return dict[str, str]()["missing"]  # <-


class Prices:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self) -> Any:
        response = await self.client.get("/prices")
        try:
            response.raise_for_status()
        except httpx.HTTPStatusError:
            return None
        return response.json()
