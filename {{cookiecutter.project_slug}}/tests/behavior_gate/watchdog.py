"""A thread that looks at the run from outside, every few milliseconds."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from time import sleep

from .core import Gate

_TICK_S = 0.01


class Watchdog:
    """Calls its subscribers every few milliseconds while a phase is running."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._subscribers: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._registered = False

    def subscribe(self, callback: Callable[[], None]) -> None:
        self._subscribers.append(callback)

    def start(self) -> None:
        self._wanted = True
        if not self._registered:
            # A fork of a process with threads is a DeprecationWarning since Python 3.12.
            self._registered = True
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=self._pause, after_in_parent=self._resume)
        self._resume()

    def stop(self) -> None:
        self._wanted = False
        self._pause()

    def _pause(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _resume(self) -> None:
        if self._wanted and self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="behavior gate watchdog", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            sleep(_TICK_S)
            if self.gate.phase is not None:
                for callback in self._subscribers:
                    callback()
