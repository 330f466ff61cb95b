import httpx
from fastapi import FastAPI

from .files_of_a_stand_in import DATA, router


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=len(DATA.read_text()))


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        app.state.http = http
        assert (await client.post("/trap")).json() == len(DATA.read_text())
