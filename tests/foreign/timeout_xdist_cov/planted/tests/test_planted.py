import pytest
from httpx import ASGITransport, AsyncClient

from jobs.planted import app


@pytest.mark.parametrize("path", ["/nap", "/hang", "/leak", "/hash"])
async def test_planted(path):
    async with AsyncClient(transport=ASGITransport(app), base_url="http://x") as client:
        assert (await client.get(path)).status_code == 200
