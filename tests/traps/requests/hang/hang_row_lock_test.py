import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User

from .hang_row_lock import new_user, router


async def test_client(
    app: FastAPI, client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    app.include_router(router)
    concurrent_session.add(new_user())
    await concurrent_session.commit()
    await concurrent_session.execute(select(User.id).with_for_update())  # holds
    response = await client.post("/trap")
    assert response.status_code == 200
