"""Finds the files of a test suite that do not say so by their names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from .core import Gate


class Suite:
    """Takes for code of a test what pytest does: collected tests, plugins, modules of fixtures."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def pytest_plugin_registered(self, plugin: object) -> None:
        if isinstance(plugin, ModuleType) and plugin.__file__:
            self._gate.origins.add_test(plugin.__file__)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # A doctest stands in the module that it is about.
        files = {item.path for item in session.items if isinstance(item, pytest.Function)}
        self._gate.origins.set_tests(files)
        for file in files:
            self._gate.origins.add_test(str(file))

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        function = inspect.unwrap(fixturedef.func)
        code = getattr(function, "__code__", None)
        if code is None or self._gate.origin(code) != "application":
            return
        # A function of the application may be made a fixture elsewhere.
        if _knows_pytest(function.__globals__):
            self._gate.origins.add_test(code.co_filename)


def _knows_pytest(namespace: Mapping[str, Any]) -> bool:
    """Whether a module has imported pytest, or a name of it."""
    return any(
        str(getattr(value, "__module__", None) or getattr(value, "__name__", "")).startswith(
            ("pytest", "_pytest")
        )
        for value in list(namespace.values())
    )
