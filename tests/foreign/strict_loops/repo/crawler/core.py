import asyncio
import contextlib
import re
import time
from collections import defaultdict
from urllib.parse import urljoin, urlsplit

import httpx
import structlog

log = structlog.get_logger()
LINK = re.compile(r'href="([^"]+)"')


class HostLimits:
    def __init__(self, per_host: int) -> None:
        self.slots = defaultdict(lambda: asyncio.Semaphore(per_host))

    def __call__(self, url: str) -> asyncio.Semaphore:
        return self.slots[urlsplit(url).netloc]


class Throttle:
    """Waits so that calls are `gap` seconds apart."""

    def __init__(self, gap: float, clock=time.monotonic, sleep=asyncio.sleep) -> None:
        self.gap = gap
        self.clock = clock
        self.sleep = sleep
        self.next = 0.0

    async def wait(self) -> None:
        now = self.clock()
        self.next = max(self.next + self.gap, now)
        await self.sleep(self.next - now)


class Crawler:
    def __init__(self, client: httpx.AsyncClient, workers: int = 3, per_host: int = 2) -> None:
        self.client = client
        self.workers = workers
        self.limit = HostLimits(per_host)
        self.todo: asyncio.Queue[str] = asyncio.Queue()
        self.seen: set[str] = set()
        self.pages: dict[str, int] = {}
        self.errors: dict[str, str] = {}

    def add(self, url: str) -> None:
        if url not in self.seen:
            self.seen.add(url)
            self.todo.put_nowait(url)

    async def fetch(self, url: str) -> str:
        async with self.limit(url), asyncio.timeout(0.2):
            response = await self.client.get(url)
        response.raise_for_status()
        return response.text

    async def work(self) -> None:
        while True:
            url = await self.todo.get()
            try:
                text = await self.fetch(url)
            except (httpx.HTTPError, TimeoutError) as error:
                self.errors[url] = type(error).__name__
                log.warning("failed", url=url, error=repr(error))
            else:
                self.pages[url] = len(text)
                for link in LINK.findall(text):
                    self.add(urljoin(url, link))
            finally:
                self.todo.task_done()

    async def run(self, start: str) -> dict[str, int]:
        self.add(start)
        workers = [asyncio.create_task(self.work()) for _ in range(self.workers)]
        try:
            await self.todo.join()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return self.pages


async def first(*coroutines):
    """The result of the first that succeeds; the others are cancelled."""
    tasks = {asyncio.ensure_future(coroutine) for coroutine in coroutines}
    try:
        while tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if task.exception() is None:
                    return task.result()
        raise LookupError("none succeeded")
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
