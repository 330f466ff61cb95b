"""Fails each test that meets an async defect. Load it in conftest.py by

    pytest_plugins = ["tests.behavior_gate"]

or, where the folder of the tests is no package, by its bare name.
"""

from .plugin import pytest_addoption, pytest_cmdline_main, pytest_configure

__all__ = ["pytest_addoption", "pytest_cmdline_main", "pytest_configure"]
