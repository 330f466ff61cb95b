import asyncio

import httpx
from fastapi import FastAPI

from .concurrent_reads_and_writes import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    responses = await asyncio.gather(*(client.post("/trap", params={"n": n}) for n in range(20)))
    assert [r.status_code for r in responses] == [200] * 20
