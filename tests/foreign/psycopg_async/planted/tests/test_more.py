import pytest
from catalogue.more import router


@pytest.fixture(autouse=True)
def _more(app):
    app.include_router(router)


@pytest.mark.parametrize("path", ["/one", "/sync", "/first"])
async def test_get(client, path):
    assert (await client.get(path)).status_code == 200


async def test_forgotten(client):
    assert (await client.post("/forgotten")).status_code == 200
