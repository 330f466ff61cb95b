import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/nap")
async def nap() -> None:
    time.sleep(0.01)  # <- blocking.sleep


@app.get("/hang")
async def hang() -> None:
    await asyncio.Semaphore(0).acquire()  # <- requests.hang


@app.get("/leak")
async def leak() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <- tasks.leaked


@app.get("/hash")
async def spin() -> None:
    begin = time.thread_time()
    while time.thread_time() - begin < 0.25:  # <- slow.cpu
        pass
