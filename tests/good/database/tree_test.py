import httpx
from fastapi import FastAPI

from .tree import Base, Node, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with app.state.sessionmaker() as session:
        await (await session.connection()).run_sync(Base.metadata.create_all)
        session.add_all([Node(id=n, parent_id=n - 1 or None) for n in range(1, 9)])
        await session.commit()
    app.include_router(router)
    assert (await client.post("/trap")).json() == [8, 7, 6, 5, 4, 3, 2, 1]
