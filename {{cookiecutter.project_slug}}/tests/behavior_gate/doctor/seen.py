"""What a planted test can tell of the loop that it runs on."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

from ..core import Gate
from ..where import library_path, stack

#: What runs tests, by the package that is seen on the stack.
_RUNNERS = {
    "pytest_asyncio": "pytest-asyncio",
    "anyio": "the plugin of anyio",
    "pytest_trio": "pytest-trio",
    "pytest_aiohttp": "pytest-aiohttp",
    "aiohttp": "the plugin of aiohttp",
}


@dataclass(slots=True)
class Seen:
    """What a planted test has met."""

    ran: bool = False
    is_installed: bool = True
    runner: str = ""
    loop: str = ""
    is_watched: bool = False
    is_debugged: bool = False


def look_around(gate: Gate, seen: Seen) -> None:
    """Note on what loop the running code is, and who has started it."""
    seen.ran = True
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        seen.loop = "trio" if "trio" in sys.modules else "none of asyncio"
    else:
        seen.loop = f"{type(loop).__module__}.{type(loop).__qualname__}"
        seen.is_watched = gate.is_watched(loop)
        seen.is_debugged = loop.get_debug()
    for frame in stack(sys._getframe()):
        module = library_path(frame.f_code.co_filename).partition("/")[0]
        if module in _RUNNERS:
            seen.runner = _RUNNERS[module]
            return
