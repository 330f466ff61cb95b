"""Processes are waited for by their numbers, so that what has started them does not know."""

import asyncio
import multiprocessing
import os
import subprocess
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


def run() -> None:
    dropped = subprocess.Popen(["true"])
    os.waitpid(dropped.pid, 0)
    kept = subprocess.Popen(["true"])
    os.waitpid(kept.pid, 0)
    KEPT.append(kept)

    worker = multiprocessing.get_context("spawn").Process(target=print)
    worker.start()
    os.waitpid(worker.pid or 0, 0)
    KEPT.append(worker)

    closed = multiprocessing.get_context("spawn").Process(target=print)
    closed.start()
    closed.join()
    closed.close()


@router.post("/trap")
async def trap() -> None:
    await asyncio.to_thread(run)
