"""What a run has found: its report, its summary and its exit code, also over several workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

import pytest

from . import causes, rules
from . import render as output
from .core import Detector, Gate
from .known import Known
from .loops import Loops
from .once import Once
from .outputs import Outputs
from .prose import terminal_width, wrapped
from .settings import flag


class Summary:
    """Collects what the tests report, in this process and in the workers of pytest-xdist."""

    def __init__(
        self,
        config: pytest.Config,
        gate: Gate,
        detectors: Sequence[Detector],
        loops: Loops,
        known: Known | None,
    ) -> None:
        self.config = config
        self.gate = gate
        self.detectors = detectors
        self.found: list[output.Data] = []
        self.tests = 0
        self._foreign = loops.foreign
        self._once = Once(config)
        self._known = known
        self._outputs = Outputs(config)
        #: What became of the baseline.
        self._lines: list[str] = []
        #: Tests that ran on what can't be watched, by its name; in workers, too.
        self._unwatched: Counter[str] = Counter()
        self._is_worker = hasattr(config, "workerinput")
        config.pluginmanager.register(self._once)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "behavior_gate", [])
        self.found.extend(data)
        self.tests += report.when == "setup"
        if report.failed and not self._is_worker:
            self._once.shorten(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self._is_worker:
            self._once.shorten(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        strays = [
            output.to_data(finding, self.gate.outcome(finding), test, None)
            for finding, test in self.gate.strays
        ]
        if self._is_worker:
            output_of_worker = cast(Any, self.config).workeroutput
            output_of_worker["behavior_gate"] = strays
            output_of_worker["behavior_gate_blind"] = {
                text: rule and rule.id for text, rule in self.gate.blind_spots.items()
            }
            output_of_worker["behavior_gate_unwatched"] = self._foreign.counts()
            return
        self._unwatched.update(self._foreign.counts())
        for name, count in self._unwatched.items():
            self.gate.blind(
                f"{_plural(count, 'test')} ran on a loop that the gate can't watch ({name})"
            )
        self.found.extend(strays)
        is_bad = any(self._is_stray(data) and data["outcome"] == "failed" for data in self.found)
        if flag(self.config, "gate_strict") and not self.gate.modes.only_records:
            is_bad = is_bad or bool(self.gate.blind_spots)
        if is_bad and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        names = [detector.name for detector in self.detectors]
        if self._known is not None and self.tests:
            try:
                self._lines = self._known.conclude(session, self.found, names)
            except OSError as error:
                self._lines = [f"the baseline can't be written: {error}"]
                session.exitstatus = pytest.ExitCode.USAGE_ERROR
        problems = self._outputs.write(
            self.found, tests=self.tests, detectors=names, blind_spots=list(self.gate.blind_spots)
        )
        if problems:
            self._lines += problems
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        output_of_worker = getattr(node, "workeroutput", {})
        self.found.extend(output_of_worker.get("behavior_gate", []))
        for text, rule in output_of_worker.get("behavior_gate_blind", {}).items():
            self.gate.blind(text, rules.BY_ID.get(rule))
        self._unwatched.update(output_of_worker.get("behavior_gate_unwatched", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self._once.restore(terminalreporter)
        failed = [data for data in self.found if data["outcome"] == "failed"]
        strays = causes.places_of(data for data in failed if self._is_stray(data))
        if strays:
            terminalreporter.section("behavior gate: outside any test", red=True)
            late = {place.finding: _after(place) for place in strays}
            output.write(terminalreporter, list(late), others=lambda finding: late[finding])
        if self.tests:
            off = sum(self.gate.modes.of(rule) == "off" for rule in rules.RULES)
            parts = [
                f"{_plural(self.tests, 'test')} watched by"
                f" {_plural(len(self.detectors), 'detector')}",
                *([f"{_plural(off, 'rule')} off"] if off else []),
                _count(self.found) if self.found else "nothing found",
            ]
            _say(terminalreporter, f"behavior gate: {', '.join(parts)}")
        self._sum_up(terminalreporter)
        for line in self._lines:
            _say(terminalreporter, line if line.startswith(" ") else f"behavior gate: {line}")
        for text in self.gate.blind_spots:
            _say(terminalreporter, f"behavior gate: blind spot: {text}", red=True)
        for line in self._outputs.annotations(self.found):
            terminalreporter.write_line(line)

    def _sum_up(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List by line what only warns."""
        known = [data for data in self.found if data["outcome"] == "known"]
        if known:
            _say(terminalreporter, f"behavior gate: {_count(known)}, not failed (in the baseline)")
        warned = [data for data in self.found if data["outcome"] == "warned"]
        if not warned:
            return
        why = "--gate=warn" if self.gate.modes.only_records else "gate_warn"
        _say(terminalreporter, f"behavior gate: {_count(warned)}, not failed ({why})")
        for place in causes.places_of(warned):
            first = next(iter(place.tests)) or "outside any test"
            times = f", {place.findings} times, first" if place.findings > 1 else ""
            terminalreporter.write_line(f"  {output.short(place.finding)}{times} in {first}")

    @staticmethod
    def _is_stray(data: output.Data) -> bool:
        return data["phase"] is None


def _say(terminalreporter: pytest.TerminalReporter, text: str, **markup: bool) -> None:
    for line in wrapped(text, terminal_width(), "  "):
        terminalreporter.write_line(line, **markup)


def _after(place: causes.Place) -> list[str]:
    """The lines that name the tests which have begun what was found after their end."""
    return [f"After the end of {test}, which has begun it" for test in place.tests if test]


def _count(found: Sequence[output.Data]) -> str:
    """How many findings there are, and at how many places."""
    if len(found) == 1:
        return "1 finding"
    return f"{len(found)} findings at {_plural(len(causes.places_of(found)), 'place')}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
