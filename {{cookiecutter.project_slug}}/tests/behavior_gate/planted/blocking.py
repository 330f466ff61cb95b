"""Calls that block the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hashlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

#: The gate raises in place of what may wait forever.
_stopped = contextlib.suppress(Exception)


async def sleep() -> None:
    time.sleep(0.001)  # noqa: ASYNC251


async def read_file() -> None:
    Path(__file__).read_bytes()  # noqa: ASYNC240


async def receive() -> None:
    here, there = socket.socketpair()
    with here, there:
        there.send(b"x")
        with _stopped:
            here.recv(1)


async def look_up() -> None:
    socket.getaddrinfo("localhost", 80)


async def run_program() -> None:
    subprocess.run([sys.executable, "-c", ""], check=False)  # noqa: ASYNC221


async def query() -> None:
    sqlite3.connect(":memory:").close()


async def wait_for_lock() -> None:
    lock = threading.Lock()
    with lock:
        lock.acquire(timeout=0.1)


async def hash_password() -> None:
    hashlib.scrypt(b"password", salt=b"salt", n=2, r=1, p=1)


async def ask() -> None:
    with _stopped:
        input()  # noqa: ASYNC250


async def compute() -> None:
    end = time.thread_time() + 0.6
    while time.thread_time() < end:
        pass


async def wait_in_c() -> None:
    sleep_in_c: Callable[[int], int] = ctypes.CDLL(None).usleep
    sleep_in_c(400_000)
    await asyncio.sleep(0)
