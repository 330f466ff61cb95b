"""What runs tests on a loop that can't be watched, and how many: uvloop, trio, and their like."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from types import FrameType
from typing import Any

from .core import Gate
from .on_import import OnImport
from .patches import Patches
from .where import library_path

#: What runs coroutines in a way of its own, by module: the functions that do, and its name.
_FOREIGN: dict[str, tuple[tuple[str, ...], str]] = {
    "uvloop": (("Loop.run_forever", "Loop.run_until_complete"), "uvloop"),
    "winloop": (("Loop.run_forever", "Loop.run_until_complete"), "winloop"),
    "rloop": (("RLoop.run_forever", "RLoop.run_until_complete"), "rloop"),
    "trio": (("run",), "trio"),
    "trio.lowlevel": (("start_guest_run",), "trio"),
}


class Foreign:
    """Counts the tests that run on something else than a loop of the standard library."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._patches = Patches(gate, "whether a test runs on a loop that it can't watch")
        self._on_import = OnImport(_FOREIGN, self._watch_module)
        #: The tests, by the name of what they ran on.
        self._tests: defaultdict[str, set[str]] = defaultdict(set)

    def install(self) -> None:
        self._patches.replace(asyncio.Runner, "run", self._run)
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def counts(self) -> dict[str, int]:
        """How many tests ran on what can't be watched, by the name of that."""
        return {name: len(tests) for name, tests in self._tests.items()}

    def note(self, name: str, caller: FrameType | None) -> None:
        """Note that the test runs on what can't be watched."""
        phase = self.gate.phase
        if phase is not None and _is_called_by_test(self.gate, caller):
            self._tests[name].add(phase.nodeid)

    def _run(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run(runner: Any, coro: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            try:
                return original(runner, coro, **kwargs)
            finally:
                loop = runner.get_loop()
                if threading.get_ident() == self.gate.thread and not self.gate.is_watched(loop):
                    self.note(type(loop).__module__.partition(".")[0], sys._getframe(1))

        return run

    def _watch_module(self, module: str) -> None:
        owner = sys.modules[module]
        names, called = _FOREIGN[module]
        for name in names:
            cls, _, function = name.rpartition(".")
            self._patches.replace(
                getattr(owner, cls) if cls else owner, function, self._watched(called)
            )

    def _watched(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **kwargs: Any) -> Any:
                if threading.get_ident() == self.gate.thread:
                    self.note(name, sys._getframe(1))
                return original(*args, **kwargs)

            return run

        return wrap


def is_started_by_test(gate: Gate, frame: FrameType | None) -> bool:
    """Whether a test, a fixture or a plugin starts a loop, and not the application."""
    return threading.get_ident() == gate.thread and _is_called_by_test(gate, frame)


def _is_called_by_test(gate: Gate, frame: FrameType | None) -> bool:
    while frame is not None:
        code, frame = frame.f_code, frame.f_back
        origin = gate.origin(code)
        if origin == "test" or _is_pytest(code.co_filename):
            return True
        if origin == "application":
            # What pytest itself calls is a fixture, in whatever file it stands.
            return frame is not None and _is_pytest(frame.f_code.co_filename)
    return True


def _is_pytest(filename: str) -> bool:
    return library_path(filename).startswith(("_pytest/", "pluggy/"))
