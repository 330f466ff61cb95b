"""A library that some traps use: what it does by itself is not the fault of the app."""

import asyncio
import importlib.metadata
import time
from types import TracebackType
from typing import Any

import anyio

#: Where an application may keep something.
KEPT: dict[str, str] = {}


class Client:
    async def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(work())

    async def close(self) -> None:
        self.task.cancel()


class Cache(Client):
    """Removes what has expired, by a task that the first use begins."""

    async def get(self, key: str) -> str:
        if not hasattr(self, "task"):
            await self.start()
        return key


class Counter:
    task: asyncio.Task[None] | None = None

    async def count(self) -> None:
        if self.task is None:
            self.task = asyncio.get_running_loop().create_task(work())


class Words:
    """Knows many words, which it loads when it is first asked for them."""

    _words: list[str] | None = None

    def count(self) -> int:
        if self._words is None:
            self._words = self._load()
        return len(self._words)

    def _load(self) -> list[str]:
        with open(__file__) as file:
            text = file.read()
        compute()
        return text.split()


class Batch:
    """Does its work when it is left."""

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, error_type: object, error: object, traceback: object) -> None:
        compute()


def describe(error: BaseException, traceback: TracebackType | None) -> str:
    """Describe an error with the values of all variables."""
    compute()
    return f"{error!r}, {traceback!r}"


def compute() -> None:
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(1000))


class Middleware(Client):
    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.start()
        open("pyproject.toml").close()
        await self.app(scope, receive, send)


class Impatient:
    """What it serves goes on after a timeout that is over."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def receive_late() -> Any:
            try:
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            except TimeoutError:
                return await receive()

        await self.app(scope, receive_late, send)


def exchange() -> int:
    """Send a number through a stream, and close neither end."""
    sender, receiver = anyio.create_memory_object_stream[int](1)
    sender.send_nowait(1)
    return receiver.receive_nowait()


async def work() -> None:
    while True:
        await asyncio.sleep(0.01)


async def load(path: str) -> str:
    with open(path) as file:
        return file.read()


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def version() -> str:
    return importlib.metadata.version("httpx")


def list_packages() -> int:
    """Count what is installed, as a reporter of errors does with the first one."""
    names = set()
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        names |= {package.metadata["Name"] for package in importlib.metadata.distributions()}
    return len(names)
