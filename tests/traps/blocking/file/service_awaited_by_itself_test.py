from .service_awaited_by_itself import load


async def test_client() -> None:
    assert await load()
