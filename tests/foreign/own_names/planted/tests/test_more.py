import pytest
from places.more import router

PATHS = pytest.mark.parametrize("path", ["/forgotten", "/sleep", "/one"])


@PATHS
async def test_of_its_own(app, client, path):
    app.include_router(router)
    assert (await client.post(path)).status_code == 200


@PATHS
async def test_isolated(isolated_app, isolated_client, path):
    isolated_app.include_router(router)
    assert (await isolated_client.post(path)).status_code == 200
