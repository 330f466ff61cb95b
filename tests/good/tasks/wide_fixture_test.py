import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from .wide_fixture import router, start


@pytest.fixture(scope="module", autouse=True)
async def service() -> AsyncIterator[None]:
    stopping = start()
    timer = asyncio.get_running_loop().call_later(300, print)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    yield
    signal.signal(signal.SIGUSR2, before)
    process.kill()
    await process.wait()
    timer.cancel()
    stopping.set()


async def test_client(app: FastAPI, client: AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
