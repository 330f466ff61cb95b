import asyncio
import importlib.resources
import json
from decimal import Decimal
from functools import cache


class UnknownSku(Exception):
    pass


@cache
def prices() -> dict[str, str]:
    return json.loads(importlib.resources.files("pricing").joinpath("prices.json").read_text())


async def base_price(sku: str) -> Decimal:
    try:
        return Decimal(prices()[sku])
    except KeyError:
        raise UnknownSku(sku) from None


async def discount(quantity: int) -> Decimal:
    await asyncio.sleep(0)
    return Decimal("0.1") if quantity >= 10 else Decimal(0)
