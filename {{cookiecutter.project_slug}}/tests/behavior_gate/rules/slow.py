"""Code that holds the event loop."""

from __future__ import annotations

from .rule import Rule

SLOW_CPU = Rule(
    "slow.cpu",
    "a callback that computes for too long on the event loop",
    why="no other request is served until it returns",
    fix="do less at once, or move it off the loop: await asyncio.to_thread(...), or a process pool"
    " for pure Python; what is made once can be made when the application starts",
    bad="thumbnails = [shrink(image) for image in images]",
    good="thumbnails = await asyncio.to_thread(shrink_all, images)",
    settings=("gate_cpu_ms",),
    by_time=True,
)
SLOW_BLOCKED = Rule(
    "slow.blocked",
    "a callback that holds the event loop without using the CPU",
    why="no other request is served until it returns",
    fix="use the async form of the call, or run it in a thread: await asyncio.to_thread(...)",
    bad="rows = c_library.query(handle)",
    good="rows = await asyncio.to_thread(c_library.query, handle)",
    settings=("gate_blocked_ms",),
    by_time=True,
)
