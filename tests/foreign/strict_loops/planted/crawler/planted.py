import asyncio
import hashlib
import time

import httpx


async def nap():
    await asyncio.sleep(0)
    time.sleep(0.01)  # <- blocking.sleep


async def sync_client():
    try:
        httpx.get("http://127.0.0.1:9")  # <- blocking.network
    except httpx.HTTPError:
        pass


async def spin():
    begin = time.thread_time()
    while time.thread_time() - begin < 0.25: hashlib.sha256(b"x" * 1000).hexdigest()  # <- slow.cpu


async def background():
    await asyncio.sleep(60)


async def leak():
    asyncio.create_task(background())  # <- tasks.leaked


async def hang():
    await asyncio.get_running_loop().create_future()  # <- requests.hang
