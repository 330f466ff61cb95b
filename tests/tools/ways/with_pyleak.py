"""pyleak's plugin for every test: https://github.com/deepankarm/pyleak, "Pytest Plugin".

The threshold is that of its section "Testing": half of the plugin's own.
"""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "no_leaks: detect leaks and a blocked event loop")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.no_leaks(blocking_threshold=0.1))
