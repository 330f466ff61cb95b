"""Another server, which the planted code calls."""

import asyncio

import httpx


async def answer(_: httpx.Request) -> httpx.Response:
    # As over a network: not at once.
    await asyncio.sleep(0)
    return httpx.Response(200)


def other_service() -> httpx.AsyncClient:
    """Return a client of a server that accepts everything."""
    transport = httpx.MockTransport(answer)
    return httpx.AsyncClient(transport=transport, base_url="https://other.example")
