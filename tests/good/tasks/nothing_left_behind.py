"""What is started is ended: threads, processes, timers and signal handlers."""

import asyncio
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

TEST = "in_a_fixture"

router = APIRouter()
KEPT: list[Any] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    loop, stopping = asyncio.get_running_loop(), threading.Event()
    thread = threading.Thread(target=stopping.wait)
    thread.start()
    timer = loop.call_later(300, print)
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    process = await asyncio.create_subprocess_exec("sleep", "60")
    yield
    process.kill()
    await process.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
    signal.signal(signal.SIGUSR1, before)
    timer.cancel()
    stopping.set()
    await asyncio.to_thread(thread.join)


def make_app() -> FastAPI:
    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


@router.post("/trap")
async def trap() -> None:
    asyncio.get_running_loop().call_later(0.02, print)
    threading.Thread(target=time.sleep, args=[0.02]).start()
    threading.Thread(target=time.sleep, args=[1], daemon=True).start()
    KEPT.append(ThreadPoolExecutor(1).submit(time.sleep, 0.5))
    await asyncio.to_thread(subprocess.run, ["true"], check=True)
    with await asyncio.to_thread(subprocess.Popen, ["true"]) as process:
        await asyncio.to_thread(process.wait)
