from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import httpx
import pytest
from fastapi import FastAPI

from .process_pool import router


@pytest.fixture
def pool() -> Iterator[ProcessPoolExecutor]:
    import multiprocessing

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(int).result()
        yield pool


async def test_client(app: FastAPI, client: httpx.AsyncClient, pool: ProcessPoolExecutor) -> None:
    app.state.pool = pool
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
