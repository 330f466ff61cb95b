import pytest
from httpx import ASGITransport, AsyncClient
from travel_api.main import create_app
from travel_api.test_seats import router


@pytest.mark.parametrize("path", ["rate", "refresh", "plan", "lost"])
async def test_planted(path):
    app = create_app()
    app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get(f"/seats/{path}")).status_code == 200
