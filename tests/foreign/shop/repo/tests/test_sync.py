import pytest
from shop.main import app as shop
from starlette.testclient import TestClient


@pytest.mark.parametrize("run", [1, 2])
def test_an_item_is_listed(app, run):
    assert app is shop
    with TestClient(app) as client:
        assert client.post("/items/tea").json() == 1
        assert client.post("/items/tea").status_code == 409
        assert client.get("/items").json() == ["tea"]
