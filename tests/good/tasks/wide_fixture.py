"""A fixture of many tests starts a thread, a process, a timer and a signal handler."""

import threading

from fastapi import APIRouter

router = APIRouter()


def start() -> threading.Event:
    stopping = threading.Event()
    threading.Thread(target=stopping.wait).start()
    return stopping


@router.post("/trap")
async def trap() -> None:
    pass
