import asyncio
import hashlib
import hmac

import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed


class OutOfStock(Exception):
    pass


def sign(body: bytes, key: str = "secret") -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Stock:
    """Asks the stock service, four requests at a time."""

    def __init__(self, client: httpx.AsyncClient, max_parallel: int) -> None:
        self.client = client
        self.slots = asyncio.Semaphore(max_parallel)

    @retry(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_attempt(3),
        wait=wait_fixed(0.01),
        reraise=True,
    )
    async def reserve(self, sku: str, count: int) -> int:
        async with self.slots:
            response = await self.client.post(
                f"/stock/{sku}/reserve",
                json={"count": count},
                headers={"x-signature": sign(sku.encode())},
            )
        if response.status_code == 409:
            raise OutOfStock(sku)
        response.raise_for_status()
        return response.json()["left"]

    async def reserve_all(self, items: dict[str, int]) -> dict[str, int]:
        async with asyncio.TaskGroup() as group:
            tasks = {sku: group.create_task(self.reserve(sku, n)) for sku, n in items.items()}
        return {sku: task.result() for sku, task in tasks.items()}
