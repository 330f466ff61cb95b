import asyncio

import httpx
import pytest
import pytest_asyncio

from crawler.core import Crawler

PAGES = {
    "/": '<a href="/a">a</a> <a href="/b">b</a> <a href="/missing">?</a>',
    "/a": '<a href="/">home</a> <a href="/slow">slow</a>',
    "/b": "<p>nothing</p>",
}


async def site(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/slow":
        await asyncio.sleep(5)
    if request.url.path == "/down":
        raise httpx.ConnectError("down")
    text = PAGES.get(request.url.path)
    return httpx.Response(200, text=text) if text else httpx.Response(404)


@pytest_asyncio.fixture
async def client():
    async with httpx.AsyncClient(transport=httpx.MockTransport(site)) as client:
        yield client


@pytest_asyncio.fixture
async def crawler(client):
    return Crawler(client)


@pytest.fixture
def loop_times():
    times = iter([0, 0, 0.5, 9])
    return lambda: next(times)
