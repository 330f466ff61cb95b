"""Runs of the tests of incoming goods: code of the application, whatever it is called."""

import asyncio
import os
import threading

from fastapi import APIRouter

router = APIRouter(prefix="/runs")
lock = threading.Lock()


@router.get("/size")
async def size() -> int:
    return os.stat(__file__).st_size  # <- blocking.file


@router.get("/wait")
async def wait() -> bool:
    event = threading.Event()
    return event.wait(0.05)  # <- blocking.lock


@router.get("/start")
async def start() -> None:
    loop = asyncio.get_running_loop()
    loop.create_task(asyncio.sleep(60))  # <- tasks.leaked


@router.get("/forget")
async def forget() -> None:
    start()  # <- warnings.never-awaited


@router.get("/stuck")
async def stuck() -> None:
    await asyncio.get_running_loop().create_future()  # <- requests.hang
