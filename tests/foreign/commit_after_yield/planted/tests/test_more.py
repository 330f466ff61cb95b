import pytest
from journal.more import router


@pytest.fixture(autouse=True)
def _more(app):
    app.include_router(router)


@pytest.mark.parametrize("path", ["/forgotten", "/slow"])
async def test_post(client, path):
    assert (await client.post(path)).status_code == 200
