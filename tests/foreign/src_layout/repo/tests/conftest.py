import json
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager
from httpx import ASGITransport, AsyncClient

from orders.app import create_app
from orders.settings import Settings

DATA = Path(__file__).parent / "data"


class FakeStock(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.left = json.loads((DATA / "stock.json").read_text())
        self.failures = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            self.failures -= 1
            raise httpx.ConnectError("refused")
        sku = request.url.path.split("/")[2]
        count = json.loads(request.content)["count"]
        if self.left.get(sku, 0) < count:
            return httpx.Response(409)
        self.left[sku] -= count
        return httpx.Response(200, json={"left": self.left[sku]})


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("ORDERS_MAIL_SENDER", "test@example.com")
    return Settings(_env_file=tmp_path / "none.env")


@pytest.fixture
def stock():
    return FakeStock()


@pytest.fixture
async def app(settings, stock):
    app = create_app(settings, stock)
    async with LifespanManager(app):
        yield app


@pytest.fixture
async def client(app):
    transport = ASGITransport(app=app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def payload():
    return json.loads((DATA / "order.json").read_text())
