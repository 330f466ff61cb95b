"""Sets attributes also where Python does not let one, and puts them back."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

from ...core import Gate
from ...disguise import disguised


class Attributes:
    """The functions that were replaced, and where the user's code holds them by a name."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._undo: list[tuple[Any, str, Any]] = []
        #: By the identity of the function in a module that was replaced.
        self._replaced: dict[int, Any] = {}

    def replace(self, owner: Any, name: str, original: Any, replacement: Any) -> None:
        self._undo.append((owner, name, original))
        replacement = disguised(replacement, original, owner, name)
        _set(owner, name, replacement)
        if not isinstance(owner, type):
            self._replaced[id(original)] = replacement

    def rebind(self) -> None:
        """Replace what the user's modules have taken by `from time import sleep` before."""
        for module in list(sys.modules.values()):
            namespace = getattr(module, "__dict__", {})
            filename = namespace.get("__file__")
            if isinstance(filename, str) and self._gate.origins[filename] in (
                "application",
                "test",
            ):
                for name, value in list(namespace.items()):
                    if id(value) in self._replaced:
                        self._undo.append((module, name, value))
                        namespace[name] = self._replaced[id(value)]

    def restore(self) -> None:
        while self._undo:
            _set(*self._undo.pop())
        self._replaced.clear()


def _set(owner: Any, name: str, value: Any) -> None:
    try:
        setattr(owner, name, value)
    except TypeError:
        # A built-in type. What its read-only view refers to is the dictionary itself.
        (namespace,) = gc.get_referents(owner.__dict__)
        namespace[name] = value
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
