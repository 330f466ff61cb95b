import asyncio
import contextlib
import json

import httpx
import pytest

from remindbot.api import Api
from remindbot.bot import make_bot


class Server(httpx.AsyncBaseTransport):
    """What api.example.org would do."""

    def __init__(self):
        self.updates = asyncio.Queue()
        self.sent = []
        self.errors = []

    def say(self, text, chat=1, name="Ada"):
        number = self.updates.qsize() + 1
        self.updates.put_nowait({"id": number, "chat": chat, "name": name, "text": text})

    async def handle_async_request(self, request):
        data = json.loads(request.content)
        if self.errors:
            error = self.errors.pop(0)
            if isinstance(error, Exception):
                raise error
            return error
        if request.url.path.endswith("getUpdates"):
            # long polling
            return self.result([await self.updates.get()])
        self.sent.append((data["chat"], data["text"]))
        return self.result(True)

    @staticmethod
    def result(value):
        return httpx.Response(200, json={"ok": True, "result": value})


@pytest.fixture
async def server():
    return Server()


@pytest.fixture
async def api(server):
    api = Api("token", server)
    yield api
    await api.close()


@pytest.fixture
async def bot(api):
    bot = make_bot(api)
    yield bot
    await bot.close()


@pytest.fixture
async def running(bot):
    task = asyncio.create_task(bot.run())
    yield bot
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.fixture
def eventually():
    async def wait(condition):
        async with asyncio.timeout(2):
            while not condition():
                await asyncio.sleep(0.001)

    return wait
