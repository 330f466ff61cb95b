import httpx
from fastapi import FastAPI

from tests.app_under_test import PASSWORD

from .password_named_pass_beside_email import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    login = {"email": "ada@example.com", "pass": PASSWORD}
    response = await client.post("/trap", json=login)
    assert response.status_code == 200
