import tempfile
import unittest

import cachelet_extras as extras


class ExtrasTests(unittest.IsolatedAsyncioTestCase):
    async def test_persist(self):
        with tempfile.NamedTemporaryFile() as file:
            await extras.persist(file.name)

    async def test_wait(self):
        await extras.wait_badly()

    async def test_forget(self):
        await extras.forget()

    async def test_refresh(self):
        self.task = extras.start_refreshing()

    async def test_hang(self):
        await extras.wait_for_ever()

    async def test_fire(self):
        await extras.fire()


class SetUpTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        await extras.wait_badly()

    async def test_nothing(self):
        pass
