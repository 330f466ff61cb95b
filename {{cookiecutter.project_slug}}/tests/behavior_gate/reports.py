"""What becomes of the findings of a test: its failure, and what its reports carry."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import pytest

from . import allowances
from . import render as output
from .core import Finding, Gate, When
from .errors import BlockingError
from .modes import Outcome
from .once import Prospects, abridge

_found_key = pytest.StashKey[dict[str, list[output.Data]]]()
_passed_key = pytest.StashKey[bool]()


def record(item: pytest.Item, when: When, outcomes: Mapping[Finding, Outcome]) -> None:
    """Keep what was found, and what it has come to, for the report of the phase."""
    data = [output.to_data(one, outcome, item.nodeid, when) for one, outcome in outcomes.items()]
    item.stash.setdefault(_found_key, {})[when] = data
    for finding in outcomes:
        item.user_properties.append(("behavior_gate", output.summary(finding)))


def has_passed(item: pytest.Item) -> bool:
    """Whether the test itself has run, and has passed."""
    return item.stash.get(_passed_key, False)


def failure_of(findings: Sequence[Finding]) -> BaseException:
    """What a test fails by that has no other error."""
    failure = pytest.fail.Exception(output.as_text(findings), pytrace=False)
    vars(failure)["by_gate"] = True
    return failure


class Reports:
    """Has the reports of tests carry what the gate has found."""

    def __init__(self, config: pytest.Config, gate: Gate, prospects: Prospects) -> None:
        self.config = config
        self.gate = gate
        self._prospects = prospects

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        # In the workers of pytest-xdist nothing has refused it before.
        problem = allowances.problem_of(item)
        if problem is not None:
            pytest.fail(problem, pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        raised = call.excinfo
        report = yield
        if raised is not None and call.excinfo is not None and call.excinfo is not raised:
            # unittest keeps the error of a test, and pytest puts it in the place of the findings.
            error = call.excinfo.value
            is_skip = isinstance(error, pytest.skip.Exception)
            if is_skip or isinstance(error, BlockingError) or self.gate.case.stopped:
                call.excinfo, report.outcome = raised, "failed"
                report.longrepr = item.repr_failure(raised)
            else:
                report.sections.append((output.NAME, str(raised.value)))
        # A plain attribute of JSON types: pytest-xdist carries it to the controller.
        report.behavior_gate = item.stash.get(_found_key, {}).get(call.when, [])  # type: ignore[attr-defined]
        if report.when == "call":
            item.stash[_passed_key] = report.passed
        alone = call.excinfo is not None and hasattr(call.excinfo.value, "by_gate")
        report.behavior_gate_alone = alone  # type: ignore[attr-defined]
        if call.excinfo is not None and report.failed:
            error = call.excinfo.value
            if isinstance(error, BlockingError):
                # Of a subtest, whose report comes before the test is judged.
                where = self.gate.locate_traceback(error.__traceback__)
                report.longrepr = f"{output.NAME}: {error} at {where}"
            elif not alone:
                abridge(self.gate, report, error, self.config)
            is_lost = self.gate.case.stopped or not alone
            if call.when == "setup" and is_lost and not self.gate.modes.only_records:
                self._prospects.judge(item)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        call = getattr(report, "call", None)
        if call is not None and call.excinfo is not None and report.failed:
            error = call.excinfo.value
            # pytest wraps an ImportError.
            wrapped = error.__cause__ if isinstance(error, pytest.Collector.CollectError) else None
            abridge(self.gate, report, wrapped or error, self.config)
        return report
