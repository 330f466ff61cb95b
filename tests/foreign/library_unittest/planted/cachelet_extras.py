import asyncio
import time
from pathlib import Path


async def persist(path):
    Path(path).write_bytes(b"x")  # <- blocking.file


async def wait_badly():
    time.sleep(0.01)  # <- blocking.sleep


async def forget():
    persist("nowhere")  # <- warnings.never-awaited


async def refresh():
    while True:
        await asyncio.sleep(1)


def start_refreshing():
    return asyncio.ensure_future(refresh())  # <- tasks.leaked


async def wait_for_ever():
    async with asyncio.Lock() as lock:
        await asyncio.get_running_loop().create_future()  # <- requests.hang


async def fail():
    raise ValueError("unseen")  # <- tasks.unseen-exception


async def fire():
    asyncio.create_task(fail())
    await asyncio.sleep(0)
