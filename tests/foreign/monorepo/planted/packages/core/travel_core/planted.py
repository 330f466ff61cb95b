import asyncio
import time


async def slow_rate() -> float:
    time.sleep(0.01)  # <- blocking.sleep
    return 1.0


def start_refreshing() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <- tasks.leaked
