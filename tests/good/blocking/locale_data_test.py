import httpx
from babel import Locale
from fastapi import FastAPI

from .locale_data import describe, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    for name in ("de", "fr", "de_AT", "de"):
        assert (await client.post("/trap", params={"name": name})).status_code == 200
    assert await describe("es") == Locale.parse("es").display_name
    assert await describe("it") == Locale.parse("it").display_name
