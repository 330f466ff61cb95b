"""A client of the bot API."""

import asyncio
import logging
import random

import httpx

log = logging.getLogger(__name__)


class ApiError(Exception):
    pass


class RetryAfter(ApiError):
    def __init__(self, seconds: float) -> None:
        super().__init__(f"retry after {seconds} s")
        self.seconds = seconds


class Api:
    def __init__(self, token: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.http = httpx.AsyncClient(
            base_url=f"https://api.example.org/bot{token}/", transport=transport, timeout=30
        )

    async def call(self, method: str, **parameters: object) -> object:
        response = await self.http.post(method, json=parameters)
        data = response.json()
        if response.status_code == 429:
            raise RetryAfter(data["retry_after"])
        if not data["ok"]:
            raise ApiError(data["description"])
        return data["result"]

    async def retrying(self, method: str, tries: int = 3, **parameters: object) -> object:
        for attempt in range(1, tries + 1):
            try:
                return await self.call(method, **parameters)
            except RetryAfter as error:
                if attempt == tries:
                    raise
                await asyncio.sleep(error.seconds)
            except httpx.TransportError:
                if attempt == tries:
                    raise
                await asyncio.sleep(0.001 * 2**attempt + random.random() / 1000)

    async def close(self) -> None:
        await self.http.aclose()
