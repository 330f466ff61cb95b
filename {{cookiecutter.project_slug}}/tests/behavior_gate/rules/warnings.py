"""What Python warns of too late, or not at all."""

from __future__ import annotations

from .rule import Rule

NEVER_AWAITED = Rule(
    "warnings.never-awaited",
    "a coroutine that is called and never awaited",
    why="its code has not run at all",
    fix="await it, or start it by asyncio.create_task(...) and keep the task",
    bad="session.commit()",
    good="await session.commit()",
)
UNCLOSED = Rule(
    "warnings.unclosed",
    "a file, socket, connection or client that is dropped without being closed",
    why="it stays open until the garbage collector finds it, and the process runs out of them"
    " under load",
    fix="open it by `with` or `async with`, or close it in `finally`; keep one HTTP client for the"
    " application, closed by its lifespan",
    bad="client = httpx.AsyncClient()\nawait client.get(url)",
    good="async with httpx.AsyncClient() as client:\n    await client.get(url)",
)
WRONG_THREAD = Rule(
    "warnings.wrong-thread",
    "the event loop is used from another thread",
    why="it is not thread-safe: outside debug mode the call is lost, or found much later",
    fix="loop.call_soon_threadsafe(...), or asyncio.run_coroutine_threadsafe(...)",
    bad="loop.call_soon(callback)  # in a thread",
    good="loop.call_soon_threadsafe(callback)",
)
