import pytest
from todo.app import app
from todo.more import router


@pytest.fixture(autouse=True)
def _more():
    routes = list(app.router.routes)
    app.include_router(router)
    yield
    app.router.routes = routes


@pytest.mark.parametrize("path", ["/one", "/sync"])
async def test_get(client, path):
    assert (await client.get(path)).status_code == 200


async def test_forgotten(client):
    assert (await client.post("/forgotten")).status_code == 200
