"""What happens between SIGTERM and the end of the server."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
from fastapi import FastAPI

log = structlog.get_logger(__name__)


@contextmanager
def draining(app: FastAPI) -> Iterator[None]:
    """At SIGTERM, set `app.state.draining`, and let the server stop `shutdown_delay_seconds` later.

    A server that stops refuses connections at once, while a load balancer needs time to notice
    that it is not ready.
    """
    app.state.draining = False
    stop = signal.getsignal(signal.SIGTERM)
    # Only a server has a handler, in its main thread. A test has none.
    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def begin(number: int) -> None:
        seconds = app.state.settings.shutdown_delay_seconds
        log.info("not ready any more: stopping soon", seconds=seconds)
        loop.call_later(seconds, stop, number, None)

    def on_signal(number: int, _: FrameType | None) -> None:
        # It may come twice: from the parent of several workers, and from what stops them all.
        if not app.state.draining:
            app.state.draining = True
            loop.call_soon_threadsafe(begin, number)

    signal.signal(signal.SIGTERM, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
