"""Fails each test that meets an async defect. Load it in conftest.py by

    pytest_plugins = ["tests.behavior_gate"]

or, where the folder of the tests is no package, by its bare name.
"""

from __future__ import annotations

import pytest

from .versions import check

check()

from . import plugin  # noqa: E402

#: What the plugin is registered as, by the first copy of it that is loaded.
NAME = "behavior gate plugin"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.has_plugin(NAME):
        pluginmanager.register(plugin, NAME)


def pytest_report_header(config: pytest.Config) -> str | None:
    used = config.pluginmanager.get_plugin(NAME)
    if used in (plugin, None):
        return None
    return (
        f"behavior gate: loaded twice, as {used.__package__} and {__name__}. The first is used."
        " Fix: remove the other one."
    )
