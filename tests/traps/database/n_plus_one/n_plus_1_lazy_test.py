import httpx
from fastapi import FastAPI

from .n_plus_1_lazy import Author, Post, create_tables, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with app.state.sessionmaker() as session:
        await create_tables(session)
        session.add_all([Author(posts=[Post()]) for _ in range(8)])
        await session.commit()
    app.include_router(router)
    assert (await client.post("/trap")).json() == [1] * 8
