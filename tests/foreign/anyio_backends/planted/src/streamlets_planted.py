import asyncio
import time

import anyio


async def nap():
    time.sleep(0.02)  # <- blocking.sleep


async def read(path):
    with open(path) as file:  # <- blocking.file
        return file.read()


async def forget():
    anyio.sleep(0)  # <- warnings.never-awaited


async def wait():
    event = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep, 0)
        await event.wait()  # <- requests.hang


async def leak():
    asyncio.get_running_loop().create_task(anyio.sleep(60))  # <- tasks.leaked


async def fail():
    await anyio.sleep(0)
    raise ValueError("unseen")  # <- tasks.unseen-exception


async def fire():
    asyncio.create_task(fail())
    await anyio.sleep(0.01)
