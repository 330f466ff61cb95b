"""The debug mode of event loops, without what it logs."""

from __future__ import annotations

import asyncio
import math


def debug(loop: asyncio.AbstractEventLoop) -> None:
    """Put a loop into debug mode, unless it is in it already."""
    if not loop.get_debug():
        loop.set_debug(True)
        # A test may compare what is logged, and slow callbacks have rules of their own.
        loop.slow_callback_duration = math.inf
