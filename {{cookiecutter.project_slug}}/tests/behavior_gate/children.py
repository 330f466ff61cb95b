"""Processes that this one has started."""

from __future__ import annotations

import os


def is_reaped(pid: int) -> bool:
    """Whether a child has been waited for by its number, as psutil does: `Popen` is not told."""
    # Not everywhere, and without it only `Popen` can say.
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False
