"""Clients of httpx that are dropped without being closed."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any

from . import rules
from .core import Gate
from .on_import import OnImport
from .patches import Patches
from .where import Location

_ENDINGS = ("aclose", "__aexit__")


class Clients:
    """Follows each client that a test or its application makes, until it is closed."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._patches = Patches(gate, "warnings")
        self._on_import = OnImport(("httpx", "httpx2"), self._watch)
        self._open: dict[int, weakref.finalize[Any, Any]] = {}
        self._kinds: set[type] = set()

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()
        self._kinds.clear()

    def _watch(self, module: str) -> None:
        client = sys.modules[module].AsyncClient
        self._patches.replace(client, "__init__", self._make)
        self._watch_endings(client)

    def _watch_endings(self, kind: type) -> None:
        """Take for an ending what a class does in its own way, too."""
        for base in kind.__mro__:
            if base is not object and base not in self._kinds:
                self._kinds.add(base)
                for name in _ENDINGS:
                    if name in vars(base):
                        self._patches.replace(base, name, self._close)

    def _make(self, original: Callable[..., None]) -> Callable[..., None]:
        def __init__(client: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            original(client, *args, **kwargs)
            phase = self._gate.phase
            if phase is None or phase.when != "call" or self._gate.is_tests_own():
                return
            self._watch_endings(type(client))
            where = self._gate.locate(sys._getframe(1))
            self._open[id(client)] = weakref.finalize(client, self._report, id(client), where)

        return __init__

    def _close(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def close(client: Any, *args: Any, **kwargs: Any) -> Any:
            finalizer = self._open.pop(id(client), None)
            if finalizer is not None:
                finalizer.detach()
            return await original(client, *args, **kwargs)

        return close

    def _report(self, number: int, where: Location | None) -> None:
        self._open.pop(number, None)
        if self._gate.phase is not None:
            self._gate.report(
                rules.UNCLOSED,
                what="an httpx.AsyncClient was dropped without being closed",
                where=where,
            )
