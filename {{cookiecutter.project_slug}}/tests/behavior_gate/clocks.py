"""What a thread has used of the CPU, and how long it has waited for it; for `slow`."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from .core import real_time

#: Clocks that are read within this time, in seconds, are read at once. Else tried so many times.
_AT_ONCE = 0.0005
_TRIES = 10

#: CPU time, in seconds by thread, of what takes the gate long, and the app nothing.
_of_gate: dict[int, float] = defaultdict(float)


@contextmanager
def own_time() -> Iterator[None]:
    """Surround what the gate does in a callback of the app, and may take long for."""
    thread, began = threading.get_ident(), time.thread_time()
    try:
        yield
    finally:
        _of_gate[thread] += time.thread_time() - began


@dataclass(slots=True)
class Reading:
    """The clocks of a thread, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0
    #: Waiting for a core, and how often it got one.
    queued: float = 0.0
    runs: int = 0
    #: CPU time of the garbage collector and the gate in this thread, and of the whole process.
    collecting: float = 0.0
    process: float = 0.0


class Schedule:
    """What the kernel tells of the thread that makes it: time in the queue, and turns."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self._buffer = ctypes.create_string_buffer(64)
        self._file: int | None = None
        # Outside Linux there is no such file, and in some sandboxes it holds zeros.
        with suppress(OSError):
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self.is_known = self._file is not None and any(self._fields(self._file))

    def read(self) -> tuple[float, int]:
        if self._file is None:
            return 0.0, 0
        _, queued, runs = self._fields(self._file)
        return queued / 1e9, runs

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _fields(self, file: int) -> list[int]:
        # Unlike os.pread, this keeps the interpreter: no other thread comes in between.
        length = ctypes.pythonapi.pread(file, self._buffer, 64, ctypes.c_longlong(0))
        if length <= 0:
            raise OSError("the thread has ended")
        return [int(field) for field in self._buffer.raw[:length].split()]


class Clocks:
    """Reads the clocks of the thread that makes it, in it or in another one."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.schedule = Schedule()
        self.collecting = 0.0
        self._collection_began = 0.0
        self._last = Reading()
        by_thread: Callable[[int], int] | None = getattr(time, "pthread_getcpuclockid", None)
        self._cpu = by_thread(self.thread) if by_thread else None

    def read(self) -> Reading:
        """Read them all at once.

        Raises:
            OSError: The thread has ended.
        """
        # Who loses its core in between reads of two moments.
        for _ in range(_TRIES):
            begun = real_time()
            reading = self._read()
            if reading.wall - begun < _AT_ONCE:
                break
        self._last = reading
        return reading

    def collection(self, moment: str) -> None:
        """Take note of the garbage collector, in the thread that it runs in."""
        if moment == "start":
            self._collection_began = time.thread_time()
        elif self._collection_began:
            self.collecting += time.thread_time() - self._collection_began
            self._collection_began = 0.0

    def _read(self) -> Reading:
        if self._cpu is not None:
            cpu = time.clock_gettime(self._cpu)
        elif threading.get_ident() == self.thread:
            cpu = time.thread_time()
        else:
            # The system does not tell. It is right at the end, when the thread reads by itself.
            cpu = self._last.cpu + real_time() - self._last.wall
        queued, runs = self.schedule.read()
        process = time.process_time()
        collecting = self.collecting + _of_gate[self.thread]
        return Reading(real_time(), cpu, queued, runs, collecting, process)
