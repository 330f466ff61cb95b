import asyncio
import sqlite3
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from .helpers_of_a_test import (
    HELPERS,
    build_app,
    describe,
    get_users,
    hash_password,
    load,
)


class FakeUsers:
    async def find(self) -> str:
        time.sleep(0.01)
        return hash_password("a")

    def load(self) -> str:
        return hash_password("a")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def fake_users() -> AsyncIterator[FakeUsers]:
    hash_password("a")
    yield FakeUsers()
    time.sleep(0.01)


@pytest.fixture
async def app() -> FastAPI:
    app = build_app()
    app.dependency_overrides[get_users] = fake_users
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    for helper in HELPERS:
        helper()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    hash_password("a")


async def test_client(client: httpx.AsyncClient, url: str, tmp_path: Path) -> None:
    for helper in HELPERS:
        helper()
    load(url)
    sqlite3.connect(":memory:").close()
    subprocess.run(["true"], check=True)
    (tmp_path / "note").write_text("x")
    asyncio.get_running_loop().call_later(0, time.sleep, 0.01)
    await asyncio.gather(describe(FakeUsers()), asyncio.wait_for(describe(FakeUsers()), 5))
    assert (await client.post("/trap")).status_code == 200
