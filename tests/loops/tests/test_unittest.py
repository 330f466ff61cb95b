"""What unittest keeps for itself: the error, or the skip, that ends a test."""

import unittest

import shop


class TestErrors(unittest.IsolatedAsyncioTestCase):
    async def test_block(self) -> None:
        await shop.block()

    async def test_hang(self) -> None:
        await shop.hang()

    async def test_fail(self) -> None:
        await shop.leak()
        self.fail("of the test")

    async def test_skip(self) -> None:
        await shop.leak()
        self.skipTest("of the test")
