"""Plain functions of the application hold the loop when a test or a fixture calls them."""

import ctypes
import time
from collections.abc import Callable


def compute() -> None:
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(1000))


def wait_in_c() -> None:
    sleep_in_c: Callable[[int], int] = ctypes.CDLL(None).usleep
    sleep_in_c(300_000)
