import httpx
from fastapi import FastAPI

from .lazy_load import Author, Post, create_tables, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with app.state.sessionmaker() as session:
        await create_tables(session)
        post = Post(author=Author())
        session.add(post)
        await session.commit()
        app.include_router(router)
        response = await client.post("/trap")
        assert post.author.posts == [post]
    assert response.status_code == 200
