from decimal import Decimal

import pytest

from pricing import rules


@pytest.mark.parametrize(("quantity", "expected"), [(1, "0"), (10, "0.1")])
async def test_discount(quantity, expected):
    assert await rules.discount(quantity) == Decimal(expected)


async def test_unknown():
    with pytest.raises(rules.UnknownSku):
        await rules.base_price("fig")
