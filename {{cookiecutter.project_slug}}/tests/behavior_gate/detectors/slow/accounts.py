"""What a callback takes of its thread, seen from outside."""

from __future__ import annotations

import importlib
import sys
import weakref
from asyncio import AbstractEventLoop
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import FrameType
from typing import Any

from ...callers import outwards
from ...clocks import Clocks, Reading
from ...where import Location

_greenlet: Any = importlib.import_module("greenlet") if find_spec("greenlet") else None

#: Who uses less CPU time than this from one look to the next did not run.
_STILL_S = 0.0005
#: A thread waits that did not run from one look to the next, or that let the watchdog wake up so
#: often in vain. Who runs in between may only have stood aside for the look.
_WAKES = 6
#: Most of the time has to be of that kind.
_SURELY = 2 / 3
#: A wait is none for the interpreter, which another thread runs Python code in: the other threads
#: used less CPU time than this part of it.
_OTHERS = 0.1


@dataclass(slots=True)
class Look:
    """What the thread was seen doing, and when."""

    where: Location | None
    #: What a framework calls on its own account, if no line of the user does.
    inside: str
    #: The request that it served, else the outermost call into the application.
    unit: object
    in_orm: bool
    #: What a library loads from a file, if it does.
    loader: weakref.ref[Any] | None
    #: Nothing is served yet: whoever computes holds up nobody.
    at_start: bool
    #: When the account began, and the look.
    began: float
    now: float
    #: How often the watchdog woke up before it could look.
    wakes: int
    #: Read when the look is over: while it lasted, the thread may have waited for it.
    reading: Reading


@dataclass(slots=True)
class Use:
    """What one request, or one call from a test, took of an account."""

    cpu: float = 0.0
    of_orm: float = 0.0
    of_loaders: float = 0.0
    loaders: list[weakref.ref[Any]] = field(default_factory=list)
    waited: float = 0.0
    surely_waited: float = 0.0
    #: The nanoseconds of each line, and of what a framework calls.
    lines: Counter[tuple[Location, str]] = field(default_factory=Counter)
    #: How long the thread has not run, and whether two looks have seen that.
    _still: float = 0.0
    _is_seen: bool = False

    def add(self, look: Look, start: Reading, *, is_first: bool) -> None:
        """Add what happened up to a look."""
        end, wall = look.reading, look.now - start.wall
        cpu, queued = max(0.0, end.cpu - start.cpu), end.queued - start.queued
        if end.runs == start.runs and cpu < _STILL_S:
            # It waits for something, or for a core: of that the kernel tells when it has got one.
            self._still += end.wall - start.wall
            self._is_seen = self._is_seen or not is_first
        else:
            in_vain = look.wakes - (cpu + queued) / sys.getswitchinterval()
            self._end_wait(wall - cpu - queued, is_sure=in_vain > _WAKES)
        cpu = 0.0 if look.at_start else max(0.0, cpu - (end.collecting - start.collecting))
        self.cpu += cpu
        self.of_orm += cpu if look.in_orm else 0.0
        if look.loader is not None:
            self.of_loaders += cpu
            self.loaders.append(look.loader)
        if look.where is not None:
            self.lines[look.where, look.inside] += round(1e9 * wall)

    def _end_wait(self, idle: float, *, is_sure: bool = False) -> None:
        waited = max(0.0, self._still + idle)
        self.waited += waited
        if is_sure:
            self.surely_waited += waited
        elif self._is_seen:
            self.surely_waited += min(self._still, waited)
        self._still, self._is_seen = 0.0, False

    def is_wait(self, others: float) -> bool:
        """Whether it waited, and not for another thread, given the CPU time of the others."""
        self._end_wait(0.0)
        return self.surely_waited > _SURELY * self.waited and others < _OTHERS * self.waited


class Account:
    """What a thread that runs an event loop has taken since it was last settled."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self.clocks = Clocks()
        self.handle: Any = None
        self.began = 0.0
        self.before = Reading()
        self.looks: list[Look] = []
        # The one that the loop runs in: SQLAlchemy has another one wait in its place. It must not
        # outlive its thread.
        self._greenlet = weakref.ref(_greenlet.getcurrent()) if _greenlet else None

    def frames(self) -> Iterator[FrameType]:
        """Yield the frames of the callback from the innermost outwards, from any thread."""
        frame = sys._current_frames().get(self.clocks.thread)
        yield from outwards(frame, self._greenlet() if self._greenlet else None)


def is_traced() -> bool:
    """Whether coverage makes Python code dearer."""
    monitoring: Any = getattr(sys, "monitoring", None)
    return sys.gettrace() is not None or (
        monitoring is not None and any(monitoring.get_tool(number) for number in range(6))
    )
