"""The settings that decide who may call the app, and what it shows."""

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from app.draining import draining

UNTRUSTED = {
    "type": "/problems/untrusted-host",
    "title": "Untrusted host",
    "status": 400,
    "detail": "The Host header does not name this server.",
}
SITE = "https://site.example"
PREFLIGHT = {
    "Origin": SITE,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def configure(app: FastAPI, **settings: Any) -> None:
    app.state.settings = app.state.settings.model_copy(update=settings)


# --- Hosts


@pytest.mark.parametrize("host", ["example.com", "example.com:8000", "a.example.org"])
async def test_a_trusted_host_is_served(app: FastAPI, client: httpx.AsyncClient, host: str) -> None:
    configure(app, trusted_hosts=("example.com", "*.example.org"))

    response = await client.get("/docs", headers={"Host": host})

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["example.net", "example.org", "example.com.example.net", ""])
async def test_any_other_host_is_refused(
    app: FastAPI, client: httpx.AsyncClient, host: str
) -> None:
    configure(app, trusted_hosts=("example.com", "*.example.org"))

    response = await client.get("/users/me", headers={"Host": host})

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == UNTRUSTED


@pytest.mark.parametrize("root_path", ["", "/api"])
async def test_a_health_check_may_name_any_host(app: FastAPI, root_path: str) -> None:
    configure(app, trusted_hosts=("example.com",))
    transport = httpx.ASGITransport(app, root_path=root_path)

    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1") as client:
        response = await client.get(f"{root_path}/health")

    assert response.status_code == 200


# --- Proxies


@pytest.fixture
def seen(app: FastAPI) -> list[tuple[str, str]]:
    """The address and the scheme of each request to /seen."""
    requests: list[tuple[str, str]] = []

    @app.get("/seen")
    async def see(request: Request) -> None:
        assert request.client
        requests.append((request.client.host, request.url.scheme))

    return requests


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [(("127.0.0.0/8",), ("203.0.113.7", "https")), (("10.0.0.1",), ("127.0.0.1", "http"))],
)
async def test_only_a_trusted_proxy_tells_who_the_client_is(
    app: FastAPI,
    client: httpx.AsyncClient,
    seen: list[tuple[str, str]],
    proxies: tuple[str, ...],
    expected: tuple[str, str],
) -> None:
    configure(app, forwarded_allow_ips=proxies)

    await client.get(
        "/seen", headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.7", "X-Forwarded-Proto": "https"}
    )

    assert seen == [expected]


# --- CORS


async def test_no_other_site_may_read_a_response(client: httpx.AsyncClient) -> None:
    preflight = await client.options("/users/me", headers=PREFLIGHT)
    response = await client.get("/health", headers={"Origin": SITE})

    assert preflight.is_client_error
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in response.headers


async def test_a_site_that_is_listed_may_call_everything(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    configure(app, cors_origins=(SITE,))

    preflight = await client.options("/users/me", headers=PREFLIGHT)
    response = await client.get("/users/me", headers={"Origin": SITE})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == SITE
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "authorization,content-type"
    assert response.status_code == 401
    assert response.headers["access-control-allow-origin"] == SITE
    assert response.headers["access-control-expose-headers"] == "X-Request-ID, Retry-After"


async def test_a_site_that_is_listed_can_read_a_crash(app: FastAPI) -> None:
    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("planted")

    configure(app, cors_origins=(SITE,))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/crash", headers={"Origin": SITE})

    assert response.status_code == 500
    assert response.headers["access-control-allow-origin"] == SITE


async def test_a_site_that_is_not_listed_is_refused(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    configure(app, cors_origins=(SITE,))

    preflight = await client.options("/users/me", headers={**PREFLIGHT, "Origin": "https://b"})

    assert preflight.status_code == 400
    assert "access-control-allow-origin" not in preflight.headers


# --- Documentation


PAGES = ["/docs", "/docs/oauth2-redirect", "/redoc"]


@pytest.mark.parametrize("path", PAGES)
async def test_the_documentation_is_served(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/", "/openapi.json", *PAGES])
async def test_the_documentation_can_be_switched_off(
    app: FastAPI, client: httpx.AsyncClient, path: str
) -> None:
    configure(app, docs=False)

    response = await client.get(path)

    assert response.status_code == 404
    assert response.json() == {"type": "about:blank", "title": "Not Found", "status": 404}


# --- The end


@pytest.fixture
def server_stops() -> Iterator[asyncio.Event]:
    """Set when SIGTERM reaches the handler that a server has."""
    stops = asyncio.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stops.set())
    yield stops
    signal.signal(signal.SIGTERM, before)


async def test_a_server_that_gets_sigterm_is_not_ready_before_it_stops(
    app: FastAPI, client: httpx.AsyncClient, server_stops: asyncio.Event
) -> None:
    server = signal.getsignal(signal.SIGTERM)
    configure(app, shutdown_delay_seconds=0)
    with draining(app):
        assert (await client.get("/health/ready")).status_code == 200
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert not server_stops.is_set()
        response = await client.get("/health/ready")
        await server_stops.wait()

    assert response.status_code == 503
    assert response.json() == {
        "type": "/problems/shutting-down",
        "title": "Shutting down",
        "status": 503,
        "detail": "The server is shutting down.",
    }
    assert signal.getsignal(signal.SIGTERM) is server
