import asyncio
from collections import Counter

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.users.models import User
from tests.conftest import PASSWORD


async def test_of_twenty_registrations_of_one_email_at_once_one_wins(
    concurrent_client: httpx.AsyncClient, concurrent_session: AsyncSession
) -> None:
    payload = {"email": "ada@example.com", "password": PASSWORD}

    responses = await asyncio.gather(
        *(concurrent_client.post("/auth/register", json=payload) for _ in range(20))
    )

    assert Counter(r.status_code for r in responses) == {201: 1, 409: 19}
    assert (await concurrent_session.scalars(select(User.email))).all() == ["ada@example.com"]
