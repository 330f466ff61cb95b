"""The fixtures that the tests of planted races share."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
from starlette.routing import Mount

Plant = Callable[..., Awaitable[None]]
Request = Callable[[], Awaitable[httpx.Response]]
Twenty = Callable[..., Awaitable[Counter[int]]]


@pytest.fixture
def plant(app: FastAPI, session: AsyncSession) -> Plant:
    """Serves routes, creates their tables, and fills them."""

    async def plant(routes: APIRouter | Mount, base: type[DeclarativeBase], *rows: object) -> None:
        if isinstance(routes, Mount):
            app.router.routes.append(routes)
        else:
            app.include_router(routes)
        connection = await session.connection()
        await connection.run_sync(base.metadata.create_all)
        session.add_all(rows)
        await session.commit()
        session.expunge_all()

    return plant


@pytest.fixture
def twenty() -> Twenty:
    """Makes twenty requests at once, each of the given ones in turn, and counts the statuses."""

    async def gather(*requests: Request) -> Counter[int]:
        calls = (requests[n % len(requests)]() for n in range(20))
        return Counter(response.status_code for response in await asyncio.gather(*calls))

    return gather
