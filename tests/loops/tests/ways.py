"""Does what a test does: calls the application, with or without a defect."""

import httpx

import shop

DEFECTS = [*shop.DEFECTS]
GOOD = "none"


async def call(defect: str) -> None:
    """Commit a defect, a lost commit by way of a request."""
    if defect == "database.lost-commit":
        transport = httpx.ASGITransport(shop.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            response = await client.post("/", params={"defect": defect})
        assert response.status_code == 200
    else:
        await shop.DEFECTS.get(defect, shop.work)()
