from collections.abc import AsyncIterator

import httpx
import pytest
from dependency_injector import providers
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from .session_of_a_container_of_tests import router, session


@pytest.fixture
async def _contained(app: FastAPI) -> AsyncIterator[None]:
    engine = create_async_engine(app.state.settings.database_url)
    kept = providers.Singleton(async_sessionmaker(engine))
    with session.override(kept):
        yield
    await kept().close()
    await engine.dispose()


@pytest.mark.usefixtures("_contained")
async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
    assert (await client.post("/trap")).status_code == 200
