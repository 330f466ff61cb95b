import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app import health
from app.database import get_session

DATABASE_UNAVAILABLE = {
    "type": "/problems/database-unavailable",
    "title": "Database unavailable",
    "status": 503,
    "detail": "The database does not respond.",
}


async def test_health_returns_200(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


async def test_ready_returns_200_when_the_database_responds(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_a_health_check_may_use_head(client: httpx.AsyncClient, path: str) -> None:
    response = await client.head(path)

    assert response.status_code == 200


async def test_ready_returns_503_without_a_database(
    app: FastAPI, client: httpx.AsyncClient, unused_tcp_port: int
) -> None:
    use_database_at(app, unused_tcp_port)

    response = await client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == DATABASE_UNAVAILABLE


async def test_ready_returns_503_when_the_database_hangs(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DATABASE_TIMEOUT_S", 0.05)

    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(stay_silent, "127.0.0.1", 0) as server:
        use_database_at(app, server.sockets[0].getsockname()[1])
        response = await client.get("/health/ready")

    assert response.status_code == 503
    assert response.json() == DATABASE_UNAVAILABLE


def use_database_at(app: FastAPI, port: int) -> None:
    engine = create_async_engine(f"postgresql+asyncpg://nobody@127.0.0.1:{port}/pytest_none")

    async def get_other_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine) as session:
            yield session

    app.dependency_overrides[get_session] = get_other_session


async def test_the_root_redirects_to_the_documentation(client: httpx.AsyncClient) -> None:
    response = await client.get("/")

    assert response.status_code == 307
    assert response.headers["location"] == "/docs"


async def test_the_root_redirects_below_a_prefix_too(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app, root_path="/api/v1")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/api/v1/")

    assert response.status_code == 307
    assert response.headers["location"] == "/api/v1/docs"


def test_the_root_is_not_in_the_document(app: FastAPI) -> None:
    assert "/" not in app.openapi()["paths"]
