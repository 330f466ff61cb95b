import httpx
from fastapi import FastAPI

from .upload import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", files={"file": b"x" * 5_000_000})
    assert response.json() == 5_000_000
