"""Tasks, coroutines and resources that are lost."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path


async def leak_task() -> None:
    asyncio.create_task(asyncio.sleep(60))  # noqa: RUF006


async def fail_unseen() -> None:
    async def fail() -> None:
        raise LookupError("nobody awaits this task")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    del task


async def swallow_cancellation() -> None:
    async def go_on() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    asyncio.create_task(go_on())  # noqa: RUF006
    await asyncio.sleep(0)


async def swallow_timeout() -> None:
    async with asyncio.timeout(0.01):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


async def leave_timer() -> None:
    asyncio.get_running_loop().call_later(60, print)


async def forget_to_await() -> None:
    asyncio.sleep(0)  # type: ignore[unused-coroutine]


async def forget_to_close() -> None:
    await asyncio.to_thread(lambda: Path(__file__).open() and None)  # noqa: SIM115


async def call_from_another_thread() -> None:
    loop = asyncio.get_running_loop()

    def call() -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon(print)

    await asyncio.to_thread(call)
