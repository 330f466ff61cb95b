"""Functions without a line of the application are given to the loop, and none of them blocks."""

import asyncio
import threading
import time

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    loop = asyncio.get_running_loop()
    answered, future = asyncio.Event(), loop.create_future()
    queue: asyncio.Queue[int] = asyncio.Queue()
    loop.call_later(0.001, answered.set)
    loop.call_later(0.001, future.set_result, None)
    loop.call_soon(queue.put_nowait, 1)
    loop.call_soon(threading.Event().set)
    loop.call_soon(loop.run_in_executor, None, time.sleep, 0.001)
    tasks = {asyncio.create_task(asyncio.to_thread(time.sleep, 0.01))}
    for task in tasks.copy():
        task.add_done_callback(tasks.discard)
        await task
    await asyncio.gather(answered.wait(), future, queue.get())
