import httpx
from fastapi import FastAPI

from .password_in_a_later_answer import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", json={"password": "correct horse battery"})
    assert response.status_code == 200
    assert (await client.get("/trap")).json() == {"ada": "correct horse battery"}
