"""The client of an API, which is a part of the app, makes an error of a status."""

from typing import Any

import httpx
from fastapi import APIRouter
from fastapi.responses import JSONResponse

router = APIRouter()


@router.get("/prices/{name}")
async def price(name: str) -> Any:
    return JSONResponse({"price": 1}, status_code=503 if name == "none" else 200)


class Prices:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, name: str) -> int:
        response = await self.client.get(f"/prices/{name}")
        response.raise_for_status()
        return int(response.json()["price"])
