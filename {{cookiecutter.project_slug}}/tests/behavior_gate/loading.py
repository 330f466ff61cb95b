"""What a library loads from a file at first use, and keeps, takes its time once."""

from __future__ import annotations

import weakref
from types import CodeType, FrameType
from typing import Any

from .callers import object_of, outwards
from .core import Gate
from .where import is_python

#: By its outermost method at work, the object of a library that has read a file in a test.
_loaders: dict[CodeType, weakref.ref[Any]] = {}


def note_loader(gate: Gate, frame: FrameType) -> None:
    """Take note of the object of a library that reads a file for itself."""
    loader = code = None
    for outer in outwards(frame):
        origin = gate.origin(outer.f_code)
        if origin == "gate" or (origin == "library" and is_python(outer.f_code.co_filename)):
            continue
        thing = object_of(outer) if origin == "library" else None
        if thing is None or (loader is not None and thing is not loader):
            break
        loader, code = thing, outer.f_code
    if code is not None:
        try:
            _loaders[code] = weakref.ref(loader)
        except TypeError:
            # An object of a class with slots: nobody can tell whether it is kept.
            return


def loader_in(code: CodeType) -> weakref.ref[Any] | None:
    """The object that has read a file in a method, and may still make something of it."""
    return _loaders.get(code)


def forget_loaders() -> None:
    _loaders.clear()
