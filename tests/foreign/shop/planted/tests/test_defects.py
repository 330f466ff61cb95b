import httpx
import pytest
import shop.defects  # noqa: F401


@pytest.mark.parametrize(
    "detector",
    ["blocking", "slow", "tasks", "warnings", "requests", "database", "queries", "secrets"],
)
async def test_defect(client: httpx.AsyncClient, detector: str) -> None:
    response = await client.post(f"/{detector}", json={"password": "correct horse battery"})
    assert response.status_code == 200
