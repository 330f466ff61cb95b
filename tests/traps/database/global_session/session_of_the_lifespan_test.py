import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from .session_of_the_lifespan import lifespan, router


async def test_client(app: FastAPI) -> None:
    own = FastAPI(lifespan=lifespan)
    own.state.url = app.state.settings.database_url
    own.include_router(router)
    transport = httpx.ASGITransport(own)
    async with (
        LifespanManager(own),
        httpx.AsyncClient(transport=transport, base_url="http://test") as http,
    ):
        assert (await http.post("/trap")).status_code == 200
