import httpx
from fastapi import FastAPI

from .session_of_a_container import router, session, sessions


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    with sessions.override(app.state.sessionmaker):
        assert (await client.post("/trap")).status_code == 200
        assert (await client.post("/trap")).status_code == 200
        await session().close()
        session.reset()
