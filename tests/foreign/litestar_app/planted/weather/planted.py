import asyncio
import subprocess
import sys
import time

from litestar import get, post


@get("/sleepy")
async def sleepy() -> str:
    time.sleep(0.02)  # <- blocking.sleep
    return "slept"


@get("/version")
async def version() -> str:
    done = subprocess.run([sys.executable, "-V"], capture_output=True, text=True)  # <- blocking.subprocess
    return done.stdout


@get("/sync", sync_to_thread=False)
def sync() -> str:
    with open(__file__) as file:  # <- blocking.file
        return file.readline()


@get("/forgetful")
async def forgetful() -> str:
    asyncio.sleep(1)  # <- warnings.never-awaited
    return "done"


async def fail() -> None:
    raise ValueError("nobody sees it")  # <- tasks.unseen-exception


@post("/fire")
async def fire() -> None:
    asyncio.create_task(fail())
    await asyncio.sleep(0.01)


@get("/stuck")
async def stuck() -> None:
    await asyncio.Event().wait()  # <- requests.hang


@get("/crash")
async def crash() -> str:
    return str([][1])  # <- requests.5xx


@post("/login")
async def login(data: dict[str, str]) -> dict[str, str]:  # <- secrets.response
    return data


handlers = [sleepy, version, sync, forgetful, fire, stuck, crash, login]
