"""What pytest sees of the gate: options, the marker, and a judgement after each phase of a test."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from . import allowances, doctor, outputs, rules
from . import render as output
from .cases import Case, current_case, in_wide_fixture
from .core import Detector, Finding, Gate, Phase, When
from .errors import BlockingError
from .explain import explain, overview
from .hangs import Hangs
from .known import find_known
from .loops import Loops
from .once import Prospects
from .prose import show
from .registry import detectors_of
from .reports import Reports, failure_of, has_passed, record
from .selftest import SelfTest
from .settings import OPTIONS, add_settings, check_flags, flag, modes, numbers
from .suite import Suite
from .summary import Summary
from .watchdog import Watchdog

Wrapper = Generator[None, Any, Any]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("behavior gate")
    group.addoption(
        "--gate",
        choices=("on", "warn", "off"),
        default="on",
        help="switch the behavior gate on or off, or have it record what it finds and fail nothing",
    )
    outputs.add_options(group)
    group.addoption(
        "--gate-baseline",
        metavar="FILE",
        type=Path,
        help="fail on new findings only; FILE has the known ones, and is written if it is missing",
    )
    group.addoption(
        "--gate-baseline-update",
        action="store_true",
        help="add new findings to the baseline, and remove those that are gone",
    )
    group.addoption(
        "--gate-selftest",
        action="store_true",
        help="run no tests; plant one defect for each rule and show that it is caught",
    )
    group.addoption(
        "--gate-explain",
        metavar="RULE",
        nargs="*",
        help="run no tests; explain the rules of the gate, or list all of them",
    )
    add_settings(parser)
    pluginmanager.register(doctor)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", allowances.MARKER)
    if config.getoption("gate", "on") == "off":
        return
    config.pluginmanager.register(BehaviorGate(config), "behavior gate")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    names: list[str] | None = config.getoption("gate_explain", None)
    if names is None:
        return None
    for name in names:
        if name not in (*rules.FAMILIES, *rules.BY_ID):
            raise pytest.UsageError(f"--gate-explain: {rules.unknown(name)}")
    chosen = [rule for rule in rules.RULES if {rule.id, rule.family} & set(names)]
    texts = [explain(rule, OPTIONS) for rule in chosen] or [overview()]
    show("\n\n\n".join(texts) + "\n")
    return 0


class BehaviorGate:
    """Runs the detectors around each phase, and turns their findings into failures."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        check_flags(config)
        self.gate = Gate(config.rootpath, numbers(config), modes(config))
        self.detectors: list[Detector] = detectors_of(self.gate)
        self._prospects = Prospects()
        self._loops = Loops(self.gate)
        known = find_known(config, self.gate)
        if known is not None:
            self.gate.is_known = known.__contains__
            config.pluginmanager.register(known)
        config.pluginmanager.register(
            Summary(config, self.gate, self.detectors, self._loops, known)
        )
        config.pluginmanager.register(Suite(self.gate))
        config.pluginmanager.register(Reports(config, self.gate, self._prospects))
        self._recorder = outputs.recorder_of(config, self.gate)
        if config.getoption("gate_selftest", False):
            config.pluginmanager.register(SelfTest(config, self.gate, self.begin, self.end))
        self._watchdog = Watchdog(self.gate)
        self._installed = False
        # With pytest-xdist the tests run in workers; this process only collects what they report.
        self._is_worker = hasattr(config, "workerinput")
        self._is_controller = not self._is_worker and config.getoption("dist", "no") != "no"
        if not self._is_controller:
            self.install()

    def install(self) -> None:
        """Patch what the detectors watch, and start the watchdog."""
        self._installed = True
        if self._recorder is not None:
            self._recorder.install()
            self.config.pluginmanager.register(self._recorder)
        self._loops.install()
        for detector in self.detectors:
            detector.install()
            self._watchdog.subscribe(detector.sample)
        hangs = Hangs(self.gate, self.detectors)
        self.config.pluginmanager.register(hangs)
        self._watchdog.subscribe(hangs.check)
        if self._recorder is not None:
            self._watchdog.subscribe(self._recorder.loops.sample)
        self._watchdog.start()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self._installed:
            self._installed = False
            self._watchdog.stop()
            for detector in reversed(self.detectors):
                detector.uninstall()
            self._loops.uninstall()
            if self._recorder is not None:
                self._recorder.uninstall()

    def begin(self, nodeid: str, when: When, allowed: frozenset[str] = frozenset()) -> Phase:
        """Watch a phase from here to `end`."""
        gate = self.gate
        gate.thread = threading.get_ident()
        loop = gate.loop if gate.loop is not None and not gate.loop.is_closed() else None
        if when == "setup":
            self.gate.case = Case(nodeid)
        self.gate.case.allowed = allowed
        phase = Phase(nodeid, when, allowed, self.gate.case.used, loop, debugged=_has_debugger())
        gate.phase = phase
        current_case.set(self.gate.case)
        if when != "setup":
            gate.adopt(phase)
        for detector in self.detectors:
            detector.begin(phase)
        return phase

    def end(self, phase: Phase) -> list[Finding]:
        """Have every detector judge a phase, and return what was found."""
        if phase.stopped:
            self.gate.case.stopped = True
        try:
            for detector in self.detectors:
                if phase.loop is not None and phase.loop.is_closed():
                    phase.loop = None
                detector.end(phase)
        finally:
            self.gate.leave()
            if phase.when == "teardown":
                current_case.set(None)
        return phase.findings

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "setup"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "call"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Wrapper:
        return (yield from self._watch(item, "teardown"))

    def _watch(self, item: pytest.Item, when: When) -> Wrapper:
        phase = self.begin(item.nodeid, when, allowances.allowed(item))
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            self._conclude(item, phase)
            raise
        except BaseException as error:
            phase.failed = True
            # A fixture of many tests raises for each what the gate has raised in it for the first.
            earlier: list[Finding] = vars(error).get("behavior_gate", [])
            phase.findings += [one for one in earlier if not self.gate.allows(one.rule)]
            by_gate = isinstance(error, BlockingError) or phase.stopped or bool(earlier)
            findings = self._conclude(item, phase)
            if findings and by_gate:
                vars(error)["behavior_gate"] = findings
            if findings and (by_gate or isinstance(error, pytest.skip.Exception)):
                raise failure_of(findings) from None
            if findings:
                item.add_report_section(when, output.NAME, output.as_text(findings))
            raise
        findings = self._conclude(item, phase)
        if findings:
            raise failure_of(findings)
        hidden = self.gate.blind_spots.values()
        is_blind = None in hidden or self._loops.foreign.counts()
        # A server in another thread may still break a rule for it.
        is_over = not self.gate.open_requests
        if when == "teardown" and has_passed(item) and is_over and not is_blind:
            problem = allowances.unused(item, self.gate.case.used, self.gate.modes, hidden)
            lenient = self.gate.modes.only_records or flag(self.config, "gate_allow_unused")
            if problem and not lenient:
                pytest.fail(problem, pytrace=False)
        return result

    def _conclude(self, item: pytest.Item, phase: Phase) -> list[Finding]:
        """Keep what was found, and return what the test fails by."""
        outcomes = {
            finding: self.gate.outcome(finding, broken_off=phase.stopped)
            for finding in self.end(phase)
        }
        record(item, phase.when, outcomes)
        return [finding for finding, outcome in outcomes.items() if outcome == "failed"]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Wrapper:
        wide, phase = fixturedef.scope != "function", self.gate.phase
        token = in_wide_fixture.set(wide)
        of_case = current_case.set(None if wide else self.gate.case)
        if phase is not None:
            phase.in_wide_fixture = wide
        try:
            with self._prospects.watch(fixturedef):
                return (yield)
        finally:
            current_case.reset(of_case)
            in_wide_fixture.reset(token)
            if phase is not None:
                phase.in_wide_fixture = in_wide_fixture.get()

    @pytest.hookimpl(trylast=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        allowances.note(item)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # A conftest may have added marks to the collected tests. A worker that refuses to run would
        # end in an internal error.
        problems = (allowances.problem_of(item) for item in session.items if not self._is_worker)
        for problem in filter(None, problems):
            raise pytest.UsageError(problem)

    def pytest_enter_pdb(self) -> None:
        if self.gate.phase is not None:
            self.gate.phase.debugged = True


def _has_debugger() -> bool:
    return "pydevd" in sys.modules or "debugpy" in sys.modules
