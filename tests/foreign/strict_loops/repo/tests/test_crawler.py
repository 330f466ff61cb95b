import asyncio
import threading

import pytest

from crawler.core import Crawler, HostLimits, Throttle, first

LOCK = asyncio.Lock()


@pytest.mark.asyncio
async def test_run(crawler):
    pages = await crawler.run("http://site/")
    assert sorted(pages) == ["http://site/", "http://site/a", "http://site/b"]
    assert crawler.errors == {
        "http://site/missing": "HTTPStatusError",
        "http://site/slow": "TimeoutError",
    }


@pytest.mark.asyncio
async def test_down(crawler):
    assert await crawler.run("http://site/down") == {}
    assert crawler.errors == {"http://site/down": "ConnectError"}


@pytest.mark.asyncio
async def test_throttle(loop_times):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    throttle = Throttle(1, loop_times, sleep)
    for _ in range(4):
        await throttle.wait()
    assert slept == [1, 2, 2.5, 0]


@pytest.mark.asyncio
class TestFirst:
    async def test_fastest(self):
        async def after(seconds, value):
            await asyncio.sleep(seconds)
            return value

        assert await first(after(0.001, "a"), after(5, "b")) == "a"

    async def test_none(self):
        async def fail():
            raise OSError

        with pytest.raises(LookupError):
            await first(fail(), fail())

    async def test_nothing(self):
        with pytest.raises(LookupError):
            await first()


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_lock_of_a_module(number):
    async with LOCK:
        await asyncio.sleep(0)


@pytest.mark.asyncio(loop_scope="module")
async def test_limits():
    limit = HostLimits(1)
    async with limit("http://a/x"):
        assert limit("http://a/y").locked()
        assert not limit("http://b/").locked()


def test_without_loop(client_factory):
    client = client_factory()
    assert Crawler(client).seen == set()
    asyncio.run(client.aclose())


@pytest.fixture
def client_factory():
    import httpx

    return httpx.AsyncClient


def test_new_loop():
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(asyncio.sleep(0, 7)) == 7
    finally:
        loop.close()


@pytest.mark.asyncio
async def test_thread_talks_to_the_loop():
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(event.set,))
    thread.start()
    await event.wait()
    thread.join()


@pytest.mark.asyncio
async def test_default_executor():
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, sum, [1, 2]) == 3
