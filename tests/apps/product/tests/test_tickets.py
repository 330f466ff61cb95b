"""Ski passes."""

import asyncio
from collections import Counter

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.tickets.models import PassKind, Ticket


@pytest.fixture
async def two_left(session: AsyncSession) -> None:
    await session.execute(update(PassKind).values(left=2))
    await session.commit()


async def test_a_pass_is_sold(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    response = await client.post("/tickets", json={"pass": "three-day ski pass"}, headers=token)

    assert response.status_code == 201
    assert response.json()["pass"] == "three-day ski pass"
    assert (await session.scalars(select(Ticket.kind))).all() == ["three-day ski pass"]
    shown = await client.get("/tickets", headers=token)
    assert [ticket["pass"] for ticket in shown.json()] == ["three-day ski pass"]


async def test_a_pass_that_is_sold_out_is_refused(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    await session.execute(update(PassKind).values(left=0))

    response = await client.post("/tickets", json={"pass": "day ski pass"}, headers=token)

    assert response.status_code == 409
    assert response.json() == {"code": "sold-out", "left": 0}
    assert (await session.scalars(select(Ticket))).all() == []


@pytest.mark.real_commits
@pytest.mark.usefixtures("two_left")
async def test_no_more_passes_are_sold_than_there_are(
    client: httpx.AsyncClient, session: AsyncSession, token: dict[str, str]
) -> None:
    responses = await asyncio.gather(
        *(client.post("/tickets", json={"pass": "day ski pass"}, headers=token) for _ in range(6))
    )

    assert Counter(response.status_code for response in responses) == {201: 2, 409: 4}
    assert await session.scalar(select(PassKind.left).where(PassKind.name == "day ski pass")) == 0
