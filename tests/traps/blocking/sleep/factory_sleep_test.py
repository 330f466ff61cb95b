import pytest
from fastapi import FastAPI

from .factory_sleep import make_app


@pytest.fixture
async def app() -> FastAPI:
    return await make_app()


async def test_client(app: FastAPI) -> None:
    assert app.version
