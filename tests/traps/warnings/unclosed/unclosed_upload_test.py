import httpx
from fastapi import FastAPI

from .unclosed_upload import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", files={"file": b"text"})
    assert response.status_code == 200
