import httpx

from orders.web import create_app


async def test_health():
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/health")

    assert answer.json() == "well"
