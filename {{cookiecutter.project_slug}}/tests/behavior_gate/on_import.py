"""Calls back as soon as a library has been imported, now or later."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class OnImport(MetaPathFinder):
    """Calls back with the name of each of some modules, before the importer sees the module."""

    def __init__(self, modules: Iterable[str], callback: Callable[[str], None]) -> None:
        self._modules = tuple(modules)
        self._waiting: set[str] = set()
        self._callback = callback

    def install(self) -> None:
        for module in self._modules:
            if module in sys.modules:
                self._callback(module)
            else:
                self._waiting.add(module)
        sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname not in self._waiting:
            return None
        self._waiting.discard(fullname)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader, execute = spec.loader, spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                # One loader may serve many modules, as that of pytest does for plugins.
                loader.exec_module = execute  # type: ignore[method-assign]
                execute(module)
                self._callback(fullname)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
