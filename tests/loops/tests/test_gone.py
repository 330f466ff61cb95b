"""A portal whose loop ends before it has answered."""

import asyncio

from anyio.from_thread import start_blocking_portal


async def end_with_the_next_call() -> None:
    loop, mine = asyncio.get_running_loop(), asyncio.all_tasks()
    while not (new := asyncio.all_tasks() - mine):
        await asyncio.sleep(0)
    for task in new:
        # It has not begun, so nobody tells who waits for it.
        task.cancel()
    loop.stop()


def test_gone() -> None:
    with start_blocking_portal() as portal:
        portal.start_task_soon(end_with_the_next_call)
        portal.call(asyncio.sleep, 0)


def test_next() -> None:
    with start_blocking_portal() as portal:
        portal.call(asyncio.sleep, 0)
