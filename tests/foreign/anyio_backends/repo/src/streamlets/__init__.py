"""Pipelines of coroutines on top of anyio."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import anyio
from anyio import to_process, to_thread
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectReceiveStream

T = TypeVar("T")
U = TypeVar("U")


class Pool(Generic[T]):
    """At most `size` things at a time, each made when it is first needed."""

    def __init__(self, factory: Callable[[], Awaitable[T]], size: int) -> None:
        self._factory = factory
        self._free: list[T] = []
        self._limiter = anyio.CapacityLimiter(size)

    @asynccontextmanager
    async def take(self) -> AsyncIterator[T]:
        async with self._limiter:
            thing = self._free.pop() if self._free else await self._factory()
            try:
                yield thing
            finally:
                self._free.append(thing)


async def pmap(function: Callable[[T], Awaitable[U]], items: list[T], workers: int = 4) -> list[U]:
    results: dict[int, U] = {}
    send, receive = anyio.create_memory_object_stream[tuple[int, T]](workers)

    async def work(stream: MemoryObjectReceiveStream[tuple[int, T]]) -> None:
        async with stream:
            async for number, item in stream:
                results[number] = await function(item)

    async with anyio.create_task_group() as group:
        async with receive:
            for _ in range(workers):
                group.start_soon(work, receive.clone())
        async with send:
            for pair in enumerate(items):
                await send.send(pair)
    return [results[number] for number in range(len(items))]


async def heartbeat(
    beat: Callable[[], Awaitable[None]], every: float, *, task_status: TaskStatus[None]
) -> None:
    task_status.started()
    while True:
        await beat()
        await anyio.sleep(every)


async def lines(path: str) -> list[str]:
    async with await anyio.open_file(path) as file:
        return [line.rstrip() async for line in file]


async def checksum(path: str) -> int:
    def read() -> int:
        with open(path, "rb") as file:
            return sum(file.read())

    return await to_thread.run_sync(read)


async def listen(
    handler: Callable[[bytes], bytes], *, task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED
) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for data in stream:
                await stream.send(handler(data))

    async with listener:
        task_status.started(listener.extra(anyio.abc.SocketAttribute.local_port))
        await listener.serve(serve)
