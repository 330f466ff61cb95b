"""What the reports of the tests have carried to the process that writes the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .rows import SLOWEST, Chosen, Data

#: The name that it is registered by, and that of what workers of pytest-xdist hand over.
COLLECTED = "behavior gate page"
SECRETS = "behavior_gate_secrets"

#: So many tests that failed or have findings are told in detail, and so many holds.
_MOST_BAD = 150
_MOST_HOLDS = 30
_TOTALS = ("took", "held", "database", "thread", "idle", "queries", "sql", "connections", "out")


class Collected:
    """Sums up what each test has told, and keeps the details that are worth a look."""

    def __init__(self) -> None:
        #: By test, in the order in which they ended.
        self.rows: dict[str, Data] = {}
        self.stacks: dict[str, list[list[Any]]] = {}
        #: What is masked wherever it stands.
        self.secrets: set[str] = set()
        #: By label, and by text.
        self.requests: dict[str, Data] = {}
        self.statements: dict[str, list[int]] = {}
        self._holds = Chosen(_MOST_HOLDS)
        self._bad: dict[str, Data] = {}
        self._slowest = Chosen(SLOWEST)

    @property
    def holds(self) -> list[Data]:
        return self._holds.all()

    @property
    def details(self) -> dict[str, Data]:
        """By test."""
        return dict(self._slowest.all()) | self._bad

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = self.rows.get(report.nodeid)
        if row is None or report.when == "setup":
            row = self.rows[report.nodeid] = dict.fromkeys(_TOTALS, 0)
            row |= {"outcome": "passed", "is_bad": False}
        outcome = _outcome(report)
        if outcome != "passed" and row["outcome"] not in ("failed", "error"):
            row["outcome"] = outcome
        row["is_bad"] |= report.failed or bool(getattr(report, "behavior_gate", []))
        times: Data | None = getattr(report, "behavior_gate_times", None)
        if times is not None:
            self._add(report.nodeid, row, times)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.secrets.update(getattr(node, "workeroutput", {}).get(SECRETS, ()))

    def _add(self, test: str, row: Data, times: Data) -> None:
        row |= {name: times[name] for name in _TOTALS}
        self.stacks |= dict(times.get("stacks", ()))
        for _, took, stack in times["holds"]:
            self._holds.offer(took, {"test": test, "took": took, "stack": stack})
        for label, told in times["requests"].items():
            _sum_up(self.requests.setdefault(label, {"label": label}), told)
        for text, (count, took) in times["statements"].items():
            summed = self.statements.setdefault(text, [0, 0])
            summed[0] += count
            summed[1] += took
        details = times.get("details")
        if details is None:
            return
        if row["is_bad"] and len(self._bad) < _MOST_BAD:
            self._bad[test] = details
        else:
            self._slowest.offer(row["took"], (test, details))


def _sum_up(summed: Data, told: Mapping[str, int]) -> None:
    for name in ("count", "took", "queries", "sql"):
        summed[name] = summed.get(name, 0) + told[name]
    for name in ("most", "slowest"):
        summed[name] = max(summed.get(name, 0), told[name])


def _outcome(report: pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "passed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    return report.outcome
