"""The client of an API goes on after an error of the server, and raises for another reason."""

from typing import Any

import httpx
from fastapi import APIRouter, HTTPException
from fastapi.responses import JSONResponse

router = APIRouter()


@router.get("/cache")
async def cache() -> Any:  # <-
    return JSONResponse({}, status_code=503)


@router.get("/prices")
async def prices() -> Any:
    raise HTTPException(404)


class NoPriceError(Exception):
    pass


class Prices:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self) -> Any:
        cached = await self.client.get("/cache")
        if cached.is_success:
            return cached.json()
        response = await self.client.get("/prices")
        if not response.is_success:
            raise NoPriceError
        return response.json()
