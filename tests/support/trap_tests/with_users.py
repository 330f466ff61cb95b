import httpx
from fastapi import FastAPI

from app.users.models import User

from .trap import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with app.state.sessionmaker() as session:
        session.add_all(
            [User(email=f"user{n}@example.com", password_hash="not a hash") for n in range(8)]
        )
        await session.commit()
    app.include_router(router)
    response = await client.post("/trap")
    assert response.status_code == 200
