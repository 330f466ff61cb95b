"""An object that a module has made when it was imported lasts, and so may a task of its own."""

from __future__ import annotations

import sys
import weakref
from types import FrameType
from typing import Any

from ...callers import outwards, owner
from ...core import Gate
from ...where import is_python

#: Who calls these has begun the work of an object, and is the one to end it.
_BEGINNINGS = {
    *("__aenter__", "connect", "init", "initialize", "open", "run", "setup", "start", "startup")
}


def used_by(gate: Gate, frame: FrameType) -> weakref.ref[Any] | None:
    """The object of a library that the user's line uses, unless it begins its work."""
    used, name = None, ""
    for outer in outwards(frame):
        origin = gate.origin(outer.f_code)
        if origin in ("application", "test"):
            break
        if origin == "library" and not is_python(outer.f_code.co_filename):
            thing = owner(outer)
            if thing is not None:
                used, name = thing, outer.f_code.co_name
    try:
        return None if used is None or name in _BEGINNINGS else weakref.ref(used)
    except TypeError:
        return None


def lasts(thing: Any) -> bool:
    """Whether it has a name in a module."""
    namespaces = [getattr(module, "__dict__", {}) for module in list(sys.modules.values())]
    return any(value is thing for names in namespaces for value in list(names.values()))
