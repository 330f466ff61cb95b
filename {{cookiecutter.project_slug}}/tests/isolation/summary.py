"""Says once why all tests have real commits."""

from typing import Any

import pytest

PLUGIN = "isolation"
IN_WORKER = "isolation_other_drivers"


class Summary:
    """A plugin with hooks, those of pytest-xdist included."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        #: The drivers of the app that can't share the connection of a test.
        self.other_drivers: set[str] = set()

    def pytest_sessionfinish(self) -> None:
        # A worker of pytest-xdist has this for the process that prints.
        output: dict[str, Any] = getattr(self._config, "workeroutput", {})
        output[IN_WORKER] = sorted(self.other_drivers)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that crashed has no output.
        self.other_drivers.update(getattr(node, "workeroutput", {}).get(IN_WORKER, ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.other_drivers:
            terminalreporter.write_line(
                f"isolation: {' and '.join(sorted(self.other_drivers))} can't share the connection "
                "of a test, so each test had its own database, with real commits"
            )
