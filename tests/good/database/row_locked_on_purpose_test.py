import httpx
import pytest
from fastapi import FastAPI

from .row_locked_on_purpose import router


@pytest.mark.gate_allow("database.connection-held", reason="no second charge may come between")
async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
