"""The errors that a test catches by a tool, such as `pytest.raises`, before they are gone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from traceback import walk_tb
from types import FrameType
from typing import Any

import pytest

from .core import Gate
from .errors import chain
from .on_import import OnImport
from .patches import Patches

#: An error that a test has caught, or that led to it, and what it was raised with: of several
#: values, the last one is the latest.
Link = tuple[BaseException, list[object]]


class Catches:
    """Calls back with each error that a test has caught so, and with those that led to it."""

    def __init__(self, gate: Gate, caught: Callable[[list[Link]], None]) -> None:
        self._gate = gate
        self._caught = caught
        self._patches = Patches(gate, "which errors a test catches")
        self._unittest = OnImport(("unittest.case",), self._watch_unittest)

    def install(self) -> None:
        tools = {type(pytest.raises(AssertionError)), getattr(pytest, "RaisesGroup", None)}
        for tool in tools - {None}:
            self._patches.replace(tool, "__exit__", self._watch)
        self._unittest.install()

    def uninstall(self) -> None:
        self._unittest.uninstall()
        self._patches.restore()

    def _watch_unittest(self, module: str) -> None:
        tool = getattr(sys.modules[module], "_AssertRaisesContext", None)
        self._patches.replace(tool, "__exit__", self._watch)

    def _watch(self, original: Callable[..., bool]) -> Callable[..., bool]:
        def __exit__(  # noqa: N807
            tool: Any, kind: Any, error: BaseException | None, traceback: Any
        ) -> bool:
            __tracebackhide__ = True
            # Looked at first: unittest clears the frames of what it catches.
            links = [(link, list(self._held_by(link, sys._getframe(1)))) for link in chain(error)]
            is_caught = original(tool, kind, error, traceback)
            if is_caught and links:
                self._caught(links)
            return is_caught

        return __exit__

    def _held_by(self, error: BaseException, catcher: FrameType) -> Iterator[object]:
        """What the user's own code held when it raised an error, then the parts of the error."""
        *_, frame = (None, *(frame for frame, _ in walk_tb(error.__traceback__)))
        if frame not in (None, catcher) and self._gate.origin(frame.f_code) != "library":
            yield from frame.f_locals.values()
        yield from error.args
        yield from vars(error).values()
