import httpx
import pytest
from fastapi import FastAPI

from .memory_stream_of_a_library import router


# As errors, a suite has these warnings with and without the gate.
@pytest.mark.filterwarnings("default::ResourceWarning")
async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).json() == 1
