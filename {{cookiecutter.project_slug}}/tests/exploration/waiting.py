"""Where a coroutine that waits stands."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FrameType
from typing import Any

from greenlet import greenlet

#: What stands between two coroutines, without an attribute that names the inner one.
STEPS = (
    *("anext_awaitable", "async_generator_asend", "async_generator_athrow"),
    "coroutine_wrapper",
)
#: The frame of a coroutine, generator or async generator, and what it waits for.
ATTRIBUTES = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


def frames_of(coroutine: Any) -> list[FrameType]:
    """Return the frames of a coroutine that waits, the innermost first.

    Those of a greenlet of SQLAlchemy, which runs what is not async, stand where it was started.
    """
    return list(_inwards(coroutine))[::-1]


def _inwards(awaited: Any) -> Iterator[FrameType]:
    while awaited is not None:
        if type(awaited).__name__ in STEPS:
            awaited = next(filter(_has_frame, gc.get_referents(awaited)), None)
        names = _has_frame(awaited)
        if names is None:
            return
        frame: FrameType | None = getattr(awaited, names[0])
        if frame is not None:
            yield frame
            if frame.f_code.co_name == "greenlet_spawn":
                # Not by `f_locals`, which would keep what the coroutine holds alive.
                held = (one for one in gc.get_referents(awaited) if isinstance(one, greenlet))
                for inner in held:
                    yield from reversed(list(_outwards(inner.gr_frame)))
        awaited = getattr(awaited, names[1])


def _has_frame(awaited: Any) -> tuple[str, str] | None:
    return next((names for names in ATTRIBUTES if hasattr(awaited, names[0])), None)


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
