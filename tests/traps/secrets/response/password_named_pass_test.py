import httpx
from fastapi import FastAPI

from tests.app_under_test import PASSWORD

from .password_named_pass import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", json={"user": "ada", "pass": PASSWORD})
    assert response.status_code == 200
