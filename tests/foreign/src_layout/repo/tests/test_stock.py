import httpx
import pytest

from orders.mail import Mailer
from orders.stock import OutOfStock, Stock, sign


@pytest.fixture
async def shop(stock):
    async with httpx.AsyncClient(base_url="http://stock", transport=stock) as client:
        yield Stock(client, max_parallel=1)


def test_sign():
    assert sign(b"apple") == sign(b"apple")


async def test_reserve(shop):
    assert await shop.reserve("pear", 1) == 2


async def test_out_of_stock(shop):
    with pytest.raises(OutOfStock):
        await shop.reserve("pear", 9)


async def test_mail(settings):
    mailer = Mailer(settings)
    await mailer.send("bob@example.com", name="Bob", number="1", items={})
    assert mailer.sent[0][1].startswith("Hello Bob")
