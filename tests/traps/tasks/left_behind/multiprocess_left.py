"""A process of `multiprocessing` is never joined."""

import asyncio
import multiprocessing
import time
from typing import Any

from fastapi import APIRouter

SAYS = "process work() was still running when the test was over"

router = APIRouter()
KEPT: list[Any] = []


def work() -> None:
    time.sleep(60)


def start() -> None:
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()  # <-
    KEPT.append(process)


@router.post("/trap")
async def trap() -> None:
    await asyncio.to_thread(start)
