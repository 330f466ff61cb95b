"""Ends what no loop runs any more."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import inspect
from typing import Any


def close(coroutine: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Close a coroutine, or leave it where it waits if it swallows even that."""
    chain = []
    while inspect.iscoroutine(coroutine):
        chain.append(coroutine)
        coroutine = coroutine.cr_await
    running = asyncio._get_running_loop()
    # Where no loop runs, `while True: try: await ... except: pass` never comes to a wait.
    asyncio._set_running_loop(loop)
    try:
        with contextlib.suppress(BaseException):
            chain[0].close()
    finally:
        asyncio._set_running_loop(running)
    for link in chain:
        if inspect.getcoroutinestate(link) != inspect.CORO_CLOSED:
            # Nor may it be closed once more when it is collected.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(link))
