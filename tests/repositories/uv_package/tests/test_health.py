import httpx

from app.main import app


async def test_health() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/health")

    assert answer.json() == "well"
