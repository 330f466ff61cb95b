"""What pytest sees of the gate: options, the marker, and a judgement after each phase of a test."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from . import allowances, doctor, rules
from . import render as output
from .core import Case, Detector, Finding, Gate, Phase, When, current_case, in_wide_fixture
from .errors import BlockingError
from .explain import explain, overview
from .hangs import TIMEOUT, Hangs
from .loops import Loops
from .once import Prospects, abridge
from .registry import detectors_of
from .selftest import TIMEOUT_S, run_selftests
from .settings import OPTIONS, add_settings, flag, numbers
from .suite import Suite
from .summary import Summary
from .watchdog import Watchdog

_found_key = pytest.StashKey[dict[str, list[output.Data]]]()
_passed_key = pytest.StashKey[bool]()

Wrapper = Generator[None, Any, Any]


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("behavior gate")
    group.addoption(
        "--gate", choices=("on", "off"), default="on", help="switch the behavior gate on or off"
    )
    group.addoption(
        "--gate-report", metavar="FILE", type=Path, help="write the findings to FILE as JSON"
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
    sys.stdout.write("\n\n\n".join(texts) + "\n")
    return 0


class BehaviorGate:
    """Runs the detectors around each phase, and turns their findings into failures."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.gate = Gate(config.rootpath, numbers(config))
        self.detectors: list[Detector] = detectors_of(self.gate)
        self._case = Case()
        self._prospects = Prospects()
        self._loops = Loops(self.gate)
        config.pluginmanager.register(Summary(config, self.gate, self.detectors, self._loops))
        config.pluginmanager.register(Suite(self.gate))
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
        self._loops.install()
        for detector in self.detectors:
            detector.install()
            self._watchdog.subscribe(detector.sample)
        hangs = Hangs(self.gate, self.detectors)
        self.config.pluginmanager.register(hangs)
        self._watchdog.subscribe(hangs.check)
        self._watchdog.start()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self._installed:
            self._installed = False
            self._watchdog.stop()
            for detector in reversed(self.detectors):
                detector.uninstall()
            self._loops.uninstall()

    def begin(self, nodeid: str, when: When, allowed: frozenset[str] = frozenset()) -> Phase:
        """Watch a phase from here to `end`."""
        gate = self.gate
        gate.thread = threading.get_ident()
        loop = gate.loop if gate.loop is not None and not gate.loop.is_closed() else None
        if when == "setup":
            self._case = Case()
        phase = Phase(nodeid, when, allowed, self._case.used, loop, debugged=_has_debugger())
        gate.phase = phase
        current_case.set(self._case)
        for detector in self.detectors:
            detector.begin(phase)
        return phase

    def end(self, phase: Phase) -> list[Finding]:
        """Have every detector judge a phase, and return what was found."""
        if phase.stopped:
            self._case.stopped = True
        try:
            for detector in self.detectors:
                if phase.loop is not None and phase.loop.is_closed():
                    phase.loop = None
                detector.end(phase)
        finally:
            self.gate.phase = None
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
            # A fixture of many tests raises for each what the gate has raised in it for the first.
            earlier: list[Finding] = vars(error).get("behavior_gate", [])
            phase.findings += [one for one in earlier if not self.gate.allows(one.rule)]
            by_gate = isinstance(error, BlockingError) or phase.stopped or bool(earlier)
            findings = self._conclude(item, phase)
            if findings and by_gate:
                vars(error)["behavior_gate"] = findings
            if findings and (by_gate or isinstance(error, pytest.skip.Exception)):
                raise _failure(findings) from None
            if findings:
                item.add_report_section(when, output.NAME, output.as_text(findings))
            raise
        findings = self._conclude(item, phase)
        if findings:
            raise _failure(findings)
        is_blind = self.gate.blind_spots or self._loops.foreign.counts()
        if when == "teardown" and item.stash.get(_passed_key, False) and not is_blind:
            problem = allowances.unused(item, self._case.used)
            if problem and not flag(self.config, "gate_allow_unused"):
                pytest.fail(problem, pytrace=False)
        return result

    def _conclude(self, item: pytest.Item, phase: Phase) -> list[Finding]:
        findings = self.end(phase)
        if findings:
            data = [output.to_data(finding, item.nodeid, phase.when) for finding in findings]
            item.stash.setdefault(_found_key, {})[phase.when] = data
            for finding in findings:
                item.user_properties.append(("behavior_gate", output.summary(finding)))
        return findings

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Wrapper:
        wide, phase = fixturedef.scope != "function", self.gate.phase
        token = in_wide_fixture.set(wide)
        of_case = current_case.set(None if wide else self._case)
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
            if is_skip or isinstance(error, BlockingError) or self._case.stopped:
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
            if not alone:
                abridge(self.gate, report, call.excinfo.value, self.config)
            if call.when == "setup" and (self._case.stopped or not alone):
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

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            allowances.check(item)

    def pytest_enter_pdb(self) -> None:
        if self.gate.phase is not None:
            self.gate.phase.debugged = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> bool | None:
        return True if self.config.getoption("gate_selftest", False) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if not self.config.getoption("gate_selftest", False):
            return None
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        self.gate.options[TIMEOUT.name] = TIMEOUT_S
        for rule, verdict in run_selftests(self.begin, self.end):
            session.testscollected += 1
            session.testsfailed += verdict == "MISSED"
            if terminal is not None:
                colours = {"red": verdict == "MISSED", "green": verdict == "caught"}
                terminal.write_line(f"{rule.id:<28} {verdict}", **colours)
        session.testsfailed += len(self.gate.blind_spots)
        return True


def _failure(findings: Sequence[Finding]) -> BaseException:
    failure = pytest.fail.Exception(output.as_text(findings), pytrace=False)
    vars(failure)["by_gate"] = True
    return failure


def _has_debugger() -> bool:
    return "pydevd" in sys.modules or "debugpy" in sys.modules
