"""Whether a run could meet all that the suite meets, or only a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

#: Options that run a part of the suite, or of each test.
_PARTIAL = {"lf": "--lf", "setuponly": "--setup-only", "collectonly": "--collect-only"}
_OUTPUT = "behavior_gate_deselected"


class Extent:
    """Notes why a run is not complete, also in the workers of pytest-xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._deselected = 0
        self._failed = 0
        self._uncollected = 0

    def gap(self, session: pytest.Session) -> str | None:
        """Say why the run that ends is not complete, if it is not."""
        if self._uncollected:
            return "a file could not be collected"
        if self.is_cut_short(session):
            return "the run was stopped early"
        if self._deselected:
            return "tests were deselected"
        if self._failed:
            return "a test failed by itself"
        for name, option in _PARTIAL.items():
            if self.config.getoption(name, False):
                return f"it ran with {option}"
        params = self.config.invocation_params
        if any(str(argument).startswith("--ignore") for argument in params.args):
            return "it ran with --ignore"
        named = [params.dir / str(argument).split("::")[0] for argument in self.config.args]
        if any("::" in str(argument) for argument in self.config.args) or not all(
            any(whole.is_relative_to(path.resolve()) for path in named) for whole in self._whole()
        ):
            return "paths were named"
        return None

    def is_cut_short(self, session: pytest.Session) -> bool:
        """Whether the run has ended before its end."""
        ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        return bool(session.shouldstop or session.shouldfail or not ended)

    def _whole(self) -> list[Path]:
        """Where all tests are."""
        root = self.config.rootpath
        paths: list[str] = self.config.getini("testpaths")
        folders = [path.resolve() for name in paths for path in root.glob(name)]
        return folders or [root.resolve()]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._uncollected += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # What fails by findings alone has run to its end.
        self._failed += report.failed and not getattr(report, "behavior_gate_alone", False)

    def pytest_sessionfinish(self) -> None:
        if hasattr(self.config, "workeroutput"):
            cast(Any, self.config).workeroutput[_OUTPUT] = self._deselected

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # Each of them has collected all.
        deselected = getattr(node, "workeroutput", {}).get(_OUTPUT, 0)
        self._deselected = max(self._deselected, deselected)
