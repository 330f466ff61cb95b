"""A timeout that expires without a `TimeoutError`: what it has cancelled took that as an error."""

from __future__ import annotations

import asyncio
import sys
from asyncio import tasks as asyncio_tasks
from collections.abc import Awaitable, Callable
from types import FrameType, TracebackType
from typing import Any

from ... import rules
from ...callers import find_caller
from ...core import Gate
from ...errors import chain
from ...patches import Patches


class Timeouts:
    """Looks at what comes out of each `asyncio.timeout()` and `asyncio.wait_for()`."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._patches = Patches(gate, "timeouts")

    def install(self) -> None:
        self._patches.replace(asyncio.Timeout, "__aexit__", self._exit)
        if sys.version_info < (3, 12):
            # From 3.12 on, `wait_for` is made of an `asyncio.timeout()`.
            self._patches.replace(asyncio_tasks, "_cancel_and_wait", self._cancel_and_wait)

    def uninstall(self) -> None:
        self._patches.restore()

    def _exit(self, original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def __aexit__(  # noqa: N807
            scope: asyncio.Timeout,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> Any:
            if scope.expired():
                self._judge(error, sys._getframe(1))
            return await original(scope, kind, error, traceback)

        return __aexit__

    def _cancel_and_wait(
        self, original: Callable[..., Awaitable[None]]
    ) -> Callable[..., Awaitable[None]]:
        async def cancel_and_wait(future: asyncio.Future[Any], **options: Any) -> None:
            # Or else whoever waits has been cancelled itself.
            in_time = isinstance(sys.exception(), asyncio.CancelledError)
            await original(future, **options)
            if not in_time and not future.cancelled():
                self._judge(future.exception(), sys._getframe(1))

        return cancel_and_wait

    def _judge(self, error: BaseException | None, frame: FrameType) -> None:
        """Report a timeout that has expired, unless its cancellation led to what comes out."""
        gate = self._gate
        if gate.phase is None or not gate.is_on_watched_loop():
            return
        if any(isinstance(link, asyncio.CancelledError) for link in chain(error)):
            return
        caller = find_caller(gate, frame)
        if caller is None or caller.third_party is not None:
            return
        gate.report(
            rules.SWALLOWED_TIMEOUT,
            what="a timeout expired without a TimeoutError: its cancellation was swallowed",
            where=gate.location(caller.frame.f_code, caller.frame.f_lineno),
        )
